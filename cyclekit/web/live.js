// Asks for the figures twice a second; says so when nobody answers any more.
const show = (name, text) => (document.getElementById(name).textContent = text);

async function look() {
  try {
    const told = await (await fetch("/status.json")).json();
    show("title", told.title);
    show("rate", told.rate.toFixed(1));
    show("latency", told.latency_ms.toFixed(0));
    show("size", `${told.width}×${told.height}`);
    show("dropped", told.dropped);
    setTimeout(look, 500);
  } catch {
    show("title", "ended");
    show("rate", "0");
  }
}

look();
