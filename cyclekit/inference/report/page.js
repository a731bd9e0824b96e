"use strict";
const pictures = document.getElementById("pictures");

// The keyboard moves the range inside a pair; mouse, pen and touch move the pair itself, because
// phones let a range be dragged by its thumb only. A finger that scrolls moves nothing.
const show = (pair, percent) => pair.style.setProperty("--at", percent + "%");

const follow = (pair, event) => {
  const box = pair.getBoundingClientRect();
  const percent = Math.min(100, Math.max(0, ((event.clientX - box.left) / box.width) * 100));
  pair.querySelector("input").value = percent;
  show(pair, percent);
};

const held = (event) => {
  const pair = event.target.closest(".pair");
  return pair && pair.hasPointerCapture(event.pointerId) ? pair : null;
};

pictures.addEventListener("input", (event) => show(event.target.parentElement, event.target.value));

pictures.addEventListener("pointerdown", (event) => {
  const pair = event.target.closest(".pair");
  if (!pair || event.button !== 0) return;
  pair.setPointerCapture(event.pointerId);
  if (event.pointerType === "touch") return;
  event.preventDefault();
  pair.querySelector("input").focus({ preventScroll: true });
  follow(pair, event);
});

for (const kind of ["pointermove", "pointerup"]) {
  pictures.addEventListener(kind, (event) => {
    const pair = held(event);
    if (pair) follow(pair, event);
  });
}

const text = new Intl.Collator(undefined, { numeric: true });
const orders = {
  place: (a, b) => a.place - b.place,
  name: (a, b) => text.compare(a.name, b.name),
  error: (a, b) => b.error - a.error,
  seconds: (a, b) => b.seconds - a.seconds,
};

document.getElementById("order").addEventListener("change", (event) => {
  const order = orders[event.target.value];
  const figures = [...pictures.children];
  figures.sort((a, b) => order(a.dataset, b.dataset) || a.dataset.place - b.dataset.place);
  pictures.replaceChildren(...figures);
});
