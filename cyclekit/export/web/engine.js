// What the other files hand over, unpacked: bytes by name.
const pieces = {};
const deliver = (name, text) => {
  const packed = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  pieces[name] = new Response(stream).arrayBuffer().then((buffer) => new Uint8Array(buffer));
};

// Scripts, because a page that was opened from a disk may load nothing else.
const loads = {};
const load = (file) => loads[file] ??= new Promise((done, fail) => {
  const script = document.createElement("script");
  script.onload = done;
  script.onerror = () => {
    delete loads[file];
    fail(new Error(`${file} cannot be loaded; is the folder whole?`));
  };
  script.src = file;
  document.head.append(script);
});

const workerAddress = () =>
  URL.createObjectURL(new Blob([document.getElementById("worker").textContent], { type: "text/javascript" }));

// The network in a worker; one thing at a time.
class Engine {
  constructor(build) {
    Object.assign(this, { build, last: Promise.resolve(), stopped: false });
    this.worker = new Worker(Engine.address ??= workerAddress());
    this.worker.onmessage = ({ data }) => data.error ? this.fail(new Error(data.error)) : this.done(data);
    this.worker.onerror = (event) => {
      event.preventDefault();
      this.fail(new Error(event.message || "the browser ended it"));
    };
  }

  // Waits for the answer before, so that each goes to who has asked.
  ask(message, handed = []) {
    return this.last = this.last.catch(() => {}).then(() => new Promise((done, fail) => {
      if (this.stopped) throw new Stopped();
      Object.assign(this, { done, fail });
      this.worker.postMessage(message, handed);
    }));
  }

  async start() {
    await Promise.all([load("model.js"), load(`${this.build}.js`)]);
    const names = [`${this.build} code`, `${this.build} machine`, "model"];
    const [code, machine, model] = await Promise.all(names.map((name) => pieces[name]));
    await this.ask({ code, machine, model, provider: this.build });
  }

  // Takes and gives an ImageData's pixels; those that were given are gone.
  run(pixels, width, height) {
    const { stride, smallest } = facts;
    return this.ask({ pixels, width, height, stride, smallest }, [pixels.buffer]);
  }

  stop() {
    this.stopped = true;
    this.worker.terminate();
    this.fail?.(new Stopped());
  }
}

class Stopped extends Error {}
