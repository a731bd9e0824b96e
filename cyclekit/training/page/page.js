"use strict";
const { charts, sheets } = JSON.parse(document.getElementById("data").textContent);
const WIDTH = 440, HEIGHT = 190, LEFT = 52, RIGHT = 18, TOP = 8, BOTTOM = 22;

const make = (name, attributes, parent) => {
  const node = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  return parent.appendChild(node);
};

const element = (name, text, parent) => {
  const node = document.createElement(name);
  node.textContent = text;
  return parent.appendChild(node);
};

const short = (value) => {
  const size = Math.abs(value);
  if (size >= 1e6) return +(value / 1e6).toPrecision(3) + "M";
  if (size >= 1e4) return +(value / 1e3).toPrecision(3) + "k";
  return size && size < 1e-3 ? value.toExponential(1) : String(+value.toPrecision(3));
};

// Round steps of 1, 2 or 5 times a power of ten, about `count` of them.
const ticks = (low, high, count) => {
  const raw = (high - low) / count || 1, power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map((one) => one * power).find((one) => one >= raw);
  const found = [];
  for (let at = Math.ceil(low / step); at * step <= high + step * 1e-9; at++) found.push(at * step);
  return found;
};

const draw = (chart, parent) => {
  const curves = chart.curves.map((curve) => ({ ...curve, points: curve.points.filter((point) => point[1] !== null) }))
    .filter((curve) => curve.points.length);
  const all = curves.flatMap((curve) => curve.points);
  if (!all.length) return;
  const card = element("section", "", parent);
  card.className = "chart";
  element("h3", chart.title, card);
  const svg = make("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": chart.title }, card);
  const xs = all.map((point) => point[0]), ys = all.map((point) => point[1]);
  const first = Math.min(...xs), last = Math.max(...xs, first + 1);
  let low = Math.min(...ys), high = Math.max(...ys);
  const room = (high - low) * 0.05 || Math.abs(high) * 0.1 || 1;
  [low, high] = [low >= 0 && low <= high * 0.5 ? 0 : low - room, high + room];
  const x = (images) => LEFT + ((images - first) / (last - first)) * (WIDTH - LEFT - RIGHT);
  const y = (value) => TOP + ((high - value) / (high - low)) * (HEIGHT - TOP - BOTTOM);
  for (const at of ticks(low, high, 4)) {
    make("line", { class: "axis", x1: LEFT, x2: WIDTH - RIGHT, y1: y(at), y2: y(at) }, svg);
    make("text", { x: LEFT - 6, y: y(at) + 4, "text-anchor": "end" }, svg).textContent = short(at);
  }
  for (const at of ticks(first, last, 4)) {
    make("text", { x: x(at), y: HEIGHT - 6, "text-anchor": "middle" }, svg).textContent = short(at);
  }
  const legend = element("ul", "", card);
  legend.className = "legend";
  const values = curves.map((curve, number) => {
    const color = `var(--c${number % 6})`;
    const d = curve.points.map((point, at) => `${at ? "L" : "M"}${x(point[0]).toFixed(1)} ${y(point[1]).toFixed(1)}`).join("");
    make("path", { class: "curve", d, style: `stroke: ${color}` }, svg);
    if (curve.points.length < 25) {
      for (const point of curve.points) make("circle", { cx: x(point[0]), cy: y(point[1]), r: 2.2, style: `fill: ${color}` }, svg);
    }
    const item = element("li", "", legend);
    element("i", "", item).style.background = color;
    item.append(curve.name + " ");
    return element("b", short(curve.points.at(-1)[1]), item);
  });
  const cursor = make("line", { class: "cursor", y1: TOP, y2: HEIGHT - BOTTOM, visibility: "hidden" }, svg);
  const tell = (images) => curves.forEach((curve, number) => {
    const nearest = curve.points.reduce((best, point) => (Math.abs(point[0] - images) < Math.abs(best[0] - images) ? point : best));
    values[number].textContent = short(nearest[1]);
  });
  svg.addEventListener("pointermove", (event) => {
    const box = svg.getBoundingClientRect();
    const place = ((event.clientX - box.left) / box.width) * WIDTH;
    const images = Math.min(last, Math.max(first, first + ((place - LEFT) / (WIDTH - LEFT - RIGHT)) * (last - first)));
    cursor.setAttribute("x1", x(images));
    cursor.setAttribute("x2", x(images));
    cursor.setAttribute("visibility", "visible");
    tell(images);
  });
  svg.addEventListener("pointerleave", () => {
    cursor.setAttribute("visibility", "hidden");
    tell(last);
  });
};

const main = document.getElementById("charts");
for (const group of ["Held-out pictures", "Losses", "Health", "Pace"]) {
  const members = charts.filter((chart) => chart.group === group);
  if (!members.length) continue;
  element("h2", group, main);
  const grid = element("div", "", main);
  grid.className = "group";
  for (const chart of members) draw(chart, grid);
}

const when = document.getElementById("when");
const show = () => {
  const sheet = sheets[Number(when.value)];
  document.getElementById("sheet").src = sheet.url;
  document.getElementById("open").href = sheet.url;
  document.getElementById("seen").textContent = sheet.images;
};
when?.addEventListener("input", show);
// The neighbours are fetched ahead, so that the slider does not flicker.
when?.addEventListener("change", () => sheets.slice(Math.max(0, when.value - 2), +when.value + 3).forEach((sheet) => (new Image().src = sheet.url)));
