"use strict";
// Every `.pair` on the page shows what is before at the left of a line, what is after at its right.
{
  // The keyboard moves the range inside a pair; mouse, pen and touch move the pair itself, because
  // phones let a range be dragged by its thumb only. A finger must go sideways or tap: going up or
  // down it scrolls the page, and moves no line.
  const SLACK = 6; // px
  let drag = null;

  const show = (pair, percent) => pair.style.setProperty("--at", percent + "%");

  const follow = (event) => {
    const box = drag.pair.getBoundingClientRect();
    const percent = Math.min(100, Math.max(0, ((event.clientX - box.left) / box.width) * 100));
    drag.pair.querySelector("input").value = percent;
    show(drag.pair, percent);
  };

  document.addEventListener("input", (event) => {
    const pair = event.target.closest(".pair");
    if (pair) show(pair, event.target.value);
  });

  document.addEventListener("pointerdown", (event) => {
    const pair = event.target.closest(".pair");
    if (!pair || event.button !== 0 || !event.isPrimary) return;
    const sure = event.pointerType !== "touch";
    drag = { pair, sure, x: event.clientX, y: event.clientY };
    pair.setPointerCapture(event.pointerId);
    if (!sure) return;
    event.preventDefault();
    pair.querySelector("input").focus({ preventScroll: true });
    follow(event);
  });

  document.addEventListener("pointermove", (event) => {
    if (!drag || !event.isPrimary) return;
    const [across, down] = [event.clientX - drag.x, event.clientY - drag.y].map(Math.abs);
    drag.sure ||= across > SLACK && across > down;
    if (drag.sure) follow(event);
  });

  document.addEventListener("pointerup", (event) => {
    if (!drag || !event.isPrimary) return;
    const tapped = Math.hypot(event.clientX - drag.x, event.clientY - drag.y) <= SLACK;
    if (drag.sure || tapped) follow(event);
    drag = null;
  });

  document.addEventListener("pointercancel", () => (drag = null));
}
