// The game: two pictures, one question, no hurry.

import { ask, post } from "./server.js";

const SIDES = ["left", "right"];
const $ = (id) => document.getElementById(id);
const box = Object.fromEntries(SIDES.map((side) => [side, $(side)]));
const score = { streak: 0, best: recall(), right: 0, all: 0 };

let prepared = prepare();
showScore();
play();

async function play() {
  for (;;) {
    await round();
  }
}

async function round() {
  let current;
  try {
    current = await prepared;
  } catch {
    say("There are no pictures left that can be read. Start the game anew.");
    return new Promise(() => {});
  }
  for (const side of SIDES) {
    const image = box[side].querySelector("img");
    URL.revokeObjectURL(image.src);
    image.src = current[side];
    await image.decode();
  }
  document.documentElement.style.setProperty("--size", `${Math.max(current.size, 320)}px`);
  for (const side of SIDES) {
    box[side].classList.add("seen");
    box[side].disabled = false;
  }
  say("One is real, one was made by a computer.");
  prepared = prepare();
  prepared.catch(() => {}); // told when its turn comes
  const choice = await chosen();
  try {
    await settle(current, choice);
  } catch {
    say("This round was forgotten, for the page was open for long. Here is another.");
  }
  await goOn();
  for (const side of SIDES) {
    box[side].classList.remove("seen", "real", "fake");
    box[side].querySelector(".verdict").textContent = "";
  }
}

async function prepare() {
  const { round: token, size } = await post("/api/rounds");
  const [left, right] = await Promise.all(SIDES.map(async (side) =>
    URL.createObjectURL(await ask(`/api/rounds/${token}/${side}`, { read: "blob" }))));
  return { token, size, left, right };
}

function chosen() {
  return new Promise((done) => {
    const end = new AbortController();
    const choose = (side) => {
      end.abort();
      for (const each of SIDES) box[each].disabled = true;
      done(side);
    };
    for (const side of SIDES) box[side].addEventListener("click", () => choose(side), { signal: end.signal });
    document.addEventListener("keydown", (event) => {
      if (event.repeat || event.altKey || event.ctrlKey || event.metaKey) return;
      const side = { ArrowLeft: "left", ArrowRight: "right" }[event.key];
      if (!side) return;
      event.preventDefault();
      choose(side);
    }, { signal: end.signal });
  });
}

async function settle(current, choice) {
  const { real, method } = await post(`/api/rounds/${current.token}/guess`, { choice });
  const right = choice === real;
  score.all += 1;
  score.right += right;
  score.streak = right ? score.streak + 1 : 0;
  if (score.streak > score.best) remember((score.best = score.streak));
  for (const side of SIDES) {
    box[side].classList.add(side === real ? "real" : "fake");
    box[side].querySelector(".verdict").textContent = side === real ? "Real" : `Fake: ${method}`;
  }
  showScore();
  say(right ? praise() : `Fooled! The ${real} one is real.`);
}

function praise() {
  if (score.streak >= 3) return `Right! ${score.streak} in a row.`;
  return "Right!";
}

function goOn() {
  $("next").hidden = false;
  $("next").focus();
  return new Promise((done) => $("next").addEventListener("click", () => { $("next").hidden = true; done(); }, { once: true }));
}

function showScore() {
  $("streak").textContent = score.streak;
  $("best").textContent = score.best;
  $("share").textContent = score.all ? `${Math.round((100 * score.right) / score.all)} %` : "–";
}

function say(text) {
  $("question").textContent = text;
}

function recall() {
  try { return Number(localStorage.getItem("cyclekit-game-best")) || 0; } catch { return 0; }
}

function remember(best) {
  try { localStorage.setItem("cyclekit-game-best", best); } catch { /* a private window */ }
}
