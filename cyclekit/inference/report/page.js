"use strict";
const pictures = document.getElementById("pictures");

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
