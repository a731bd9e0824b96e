// Talks to the server; what cannot be sent now is sent later.

const PAUSES = [300, 700, 1500, 3000];

export class Refused extends Error {
  constructor(status) {
    super(`the server said ${status}`);
    this.status = status;
  }
}

let halted = false;
const never = () => new Promise(() => {});

/** Ask nothing more, and let whoever waits for an answer wait for good. */
export function halt() {
  halted = true;
}

export const pause = (ms) => new Promise((done) => setTimeout(done, ms));

/** Ask until there is an answer; throws Refused where asking again would not help. */
export async function ask(path, { method = "GET", body, read = "json" } = {}) {
  const trouble = document.getElementById("trouble");
  for (let attempt = 0; ; attempt++) {
    if (halted) return never();
    try {
      const response = await fetch(path, {
        method,
        headers: body === undefined ? {} : { "Content-Type": "application/json" },
        body: body === undefined ? undefined : JSON.stringify(body),
      });
      if (halted) return never();
      if (response.ok) {
        const content = await response[read]();
        trouble.hidden = true;
        return content;
      }
      if (response.status < 500) {
        trouble.hidden = true;
        throw new Refused(response.status);
      }
    } catch (error) {
      if (error instanceof Refused) throw error;
    }
    trouble.hidden = attempt < 1;
    await pause(PAUSES[Math.min(attempt, PAUSES.length - 1)]);
  }
}

export const post = (path, body) => ask(path, { method: "POST", body });
