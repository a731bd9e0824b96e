// One participant's way through the study. The server knows where that is; this page only shows it.

import { Refused, ask, halt, pause, post } from "./server.js";

const SIDES = ["left", "right"];
const FRAME = 8; // ms: half of a frame at 60 Hz, so that the nearest frame ends an exposure
const $ = (id) => document.getElementById(id);
const box = Object.fromEntries(SIDES.map((side) => [side, $(side)]));

let about, token, key, line;
let begun = false; // whether a trial has been shown since the page was opened
const loading = new Map(); // trial's number -> promise of its pictures

const remembered = {
  get: () => { try { return localStorage.getItem(key); } catch { return token ?? null; } },
  set: (value) => { try { localStorage.setItem(key, value); } catch { /* a private window */ } },
  drop: () => { try { localStorage.removeItem(key); } catch { /* the same */ } },
};

start();

async function start() {
  about = await ask("/api/study");
  key = `cyclekit-study-${about.study}`;
  document.title = about.title;
  document.documentElement.style.setProperty("--size", `${about.size}px`);
  for (const side of SIDES) Object.assign(box[side].querySelector("canvas"), { width: about.size, height: about.size });
  explain();
  line = new BroadcastChannel(key);
  line.addEventListener("message", yieldToOther);
  token = remembered.get();
  if (token === null) return show("welcome");
  line.postMessage("here");
  const state = await resume();
  if (state) await goOn(state, true);
}

function explain() {
  const { exposure_ms, blank_ms, gap_ms } = about.times;
  const all = about.practice + about.trials;
  const each = (2 * exposure_ms + blank_ms + gap_ms + 1500) / 1000;
  const texts = {
    title: about.title, all, practice: about.practice, trials: about.trials,
    exposure: exposure_ms === 1000 ? "one second" : `${exposure_ms / 1000} seconds`,
    minutes: `${Math.max(1, Math.round((all * each) / 60))} minutes`,
  };
  for (const [name, text] of Object.entries(texts))
    for (const place of document.querySelectorAll(`[data-${name}]`)) place.textContent = text;
  document.querySelector("[data-if-practice]").hidden = about.practice === 0;
}

$("begin").addEventListener("click", async () => {
  $("begin").disabled = true;
  show("trial"); // so that a picture's size can be measured
  const screen = {
    width: innerWidth, height: innerHeight, picture: box.left.getBoundingClientRect().width,
    density: devicePixelRatio, touch: matchMedia("(pointer: coarse)").matches,
  };
  ({ token } = await post("/api/participants", screen));
  remembered.set(token);
  line.postMessage("here");
  $("begin").disabled = false;
  begun = false;
  await goOn(await resume(), false);
});

$("another").addEventListener("click", () => {
  remembered.drop();
  token = undefined;
  $("said").value = $("sent").textContent = "";
  show("welcome");
});

$("comment").addEventListener("submit", async (event) => {
  event.preventDefault();
  await post(mine("comment"), { text: $("said").value });
  $("sent").textContent = "Kept. Thank you.";
});

/** Another window of this browser goes on; two at once would spoil each other's pairs. */
function yieldToOther() {
  halt();
  show("elsewhere");
  $("elsewhere").querySelector("h1").focus();
}

$("here").addEventListener("click", () => location.reload());

const mine = (rest) => `/api/participants/${token}/${rest}`;

/** Ask where this participant is; whoever is unknown begins anew. */
async function resume() {
  try {
    return await post(mine("resume"));
  } catch (error) {
    if (!(error instanceof Refused) || error.status !== 404) throw error;
    remembered.drop();
    show("welcome");
    return null;
  }
}

async function goOn(state, returned) {
  let welcome = returned;
  while (state && !state.finished) {
    const next = state.next;
    if (welcome && !next.shown) await rest("Welcome back", "You go on where you stopped. All answers so far are kept.");
    else if (begun === "practice" && !next.practice)
      await rest("Practice is over", `The ${about.trials} pairs that count begin. You are no longer told what was right.`);
    welcome = false;
    state = await take(next, state);
  }
  if (state) finish(state);
}

/** Take a participant through one trial; returns the next state. */
async function take(next, state) {
  tell(state, next);
  try {
    let seen = { left_ms: null, right_ms: null };
    if (!next.shown) {
      const outcome = await present(next);
      if (outcome.state) return outcome.state;
      seen = outcome;
    }
    const { choice, reaction_ms } = await question(next.shown);
    const times = { left_ms: seen.left_ms, right_ms: seen.right_ms };
    const answer = post(mine(`trials/${next.number}/answer`), { choice, reaction_ms, ...times });
    const { state: after, real } = await answer;
    if (real !== null) await feedback(seen.pictures, choice, real);
    begun = next.practice ? "practice" : "scored";
    return after;
  } catch (error) {
    if (error instanceof Refused) return resume(); // another window went on, or the line broke at a bad moment
    throw error;
  } finally {
    clear();
  }
}

/** Show left, then right. If the page is hidden meanwhile, the trial does not count. */
async function present(next) {
  const times = about.times;
  say("Get ready…");
  const pictures = await load(next.number);
  loading.delete(next.number);
  for (const side of SIDES) box[side].querySelector("canvas").getContext("2d").drawImage(pictures[side], 0, 0);
  await visible();
  await wait(times.blank_ms + (begun ? 0 : times.start_ms));
  await post(mine(`trials/${next.number}/start`));
  let hidden = document.hidden;
  const notice = () => { hidden ||= document.hidden; };
  document.addEventListener("visibilitychange", notice);
  try {
    say("");
    const left_ms = await expose(box.left, times.exposure_ms, () => hidden);
    if (!hidden) await wait(times.gap_ms);
    const right_ms = hidden ? 0 : await expose(box.right, times.exposure_ms, () => hidden);
    if (!hidden) {
      const noted = post(mine(`trials/${next.number}/shown`));
      load(next.number + 1).catch(() => {}); // while there is time
      await Promise.all([noted, wait(times.question_ms)]);
      return { left_ms, right_ms, pictures };
    }
  } finally {
    document.removeEventListener("visibilitychange", notice);
  }
  clear();
  const state = await post(mine(`trials/${next.number}/interrupt`));
  await visible();
  if (!state.finished)
    await rest("Interrupted", "This page was hidden while pictures were shown, so that pair does not count. Please keep it in front.");
  return { state };
}

/** Show a picture from one frame to the frame nearest to `ms` later; returns how long it was. */
async function expose(element, ms, stopped) {
  const from = await frame();
  element.classList.add("seen");
  let now = from;
  while (now - from < ms - FRAME && !stopped()) now = await frame(stopped);
  element.classList.remove("seen");
  return now - from;
}

/** The next frame's time; a hidden page has none, so whoever waits is told by the clock. */
const frame = (stopped) => new Promise((done) => {
  if (stopped?.()) return done(performance.now());
  let timer;
  const id = requestAnimationFrame((time) => { clearTimeout(timer); done(time); });
  timer = setTimeout(() => { cancelAnimationFrame(id); done(performance.now()); }, 1000);
});

const wait = pause;

const visible = () => new Promise((done) => {
  if (!document.hidden) return done();
  document.addEventListener("visibilitychange", function look() {
    if (document.hidden) return;
    document.removeEventListener("visibilitychange", look);
    done();
  });
});

function load(number) {
  if (!loading.has(number)) {
    const fetched = Promise.all(SIDES.map(async (side) =>
      createImageBitmap(await ask(mine(`trials/${number}/${side}`), { read: "blob" }))));
    loading.set(number, fetched.then(([left, right]) => ({ left, right })));
    loading.get(number).catch(() => loading.delete(number));
  }
  return loading.get(number);
}

/** Wait for left or right, by mouse, finger or key. */
function question(again) {
  say(again ? "Which one of the last pair was real?" : "Which one was real?");
  const asked = performance.now();
  return new Promise((done) => {
    const end = new AbortController();
    const choose = (choice) => {
      end.abort();
      for (const side of SIDES) {
        box[side].classList.remove("asked");
        box[side].disabled = true;
      }
      done({ choice, reaction_ms: again ? null : performance.now() - asked });
    };
    for (const side of SIDES) {
      box[side].disabled = false;
      box[side].classList.add("asked");
      box[side].addEventListener("click", () => choose(side), { signal: end.signal });
    }
    document.addEventListener("keydown", (event) => {
      if (event.repeat || event.altKey || event.ctrlKey || event.metaKey) return;
      const side = { ArrowLeft: "left", ArrowRight: "right" }[event.key];
      if (!side) return;
      event.preventDefault();
      choose(side);
    }, { signal: end.signal });
  });
}

async function feedback(pictures, choice, real) {
  say(choice === real ? "Right!" : `Not quite: the ${real} one was real.`);
  for (const side of SIDES) {
    const kind = side === real ? "real" : "fake";
    box[side].querySelector(".verdict").textContent = side === real ? "Real" : "Fake";
    box[side].classList.add(kind);
    if (pictures) box[side].classList.add("seen");
  }
  await wait(about.times.feedback_ms);
}

function clear() {
  for (const side of SIDES) {
    box[side].classList.remove("seen", "asked", "real", "fake");
    box[side].querySelector(".verdict").textContent = "";
    box[side].disabled = true;
  }
  say("");
}

function rest(title, text) {
  $("pause-title").textContent = title;
  $("pause-text").textContent = text;
  show("pause");
  $("continue").focus();
  return new Promise((done) => $("continue").addEventListener("click", () => { show("trial"); done(); }, { once: true }));
}

function tell(state, next) {
  show("trial");
  $("place").textContent = next.practice ? `Practice · ${state.answered + 1} of ${about.practice}` : `${state.answered + 1} of ${state.of}`;
  $("progress").setAttribute("aria-valuemax", state.of);
  $("progress").setAttribute("aria-valuenow", state.answered);
  $("progress").firstElementChild.style.width = `${(100 * state.answered) / state.of}%`;
}

function finish(state) {
  $("percent").textContent = `${Math.round((100 * state.right) / Math.max(state.scored, 1))} %`;
  show("end");
  $("end").querySelector("h1").focus();
}

function say(text) {
  $("question").textContent = text;
}

function show(id) {
  if (!$("elsewhere").hidden) return;
  for (const section of document.querySelectorAll("section")) section.hidden = section.id !== id;
}
