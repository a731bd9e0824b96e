const facts = JSON.parse(document.getElementById("facts").textContent);
const [stage, told, trouble, sides, builds, save] =
  ["stage", "told", "trouble", "side", "build", "save"].map((id) => document.getElementById(id));
const [before, after] = ["before", "after"].map((id) => document.getElementById(id).getContext("2d", { willReadFrequently: true }));
const NAMES = { webgpu: "graphics card (WebGPU)", wasm: "processor (WebAssembly)" };
const SIDES = [128, 192, 256, 384, 512, 768, 1024, 1536, 2048, 3072, 4096]; // px
const PATIENCE = { picture: 4000, camera: 150 }; // ms that the size offered at first may take
const MEMORY = 3.5e9; // bytes; WebAssembly has addresses for 4 GiB
const wanted = { picture: null, camera: null }; // longest sides that the visitor chose

let ready; // the engine, or what it becomes
let speed = null; // ms for each pixel
let apart = null; // levels between this browser and torch, at most
let picture = null;
let turns = 0, running = false;

const busy = (words) => {
  stage.classList.toggle("busy", Boolean(words));
  if (words) document.getElementById("doing").textContent = words;
};
const complain = (words) => {
  trouble.textContent = words;
  trouble.hidden = !words;
};
const time = (ms) => ms < 950 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(ms < 9500 ? 1 : 0)} s`;
const size = (width, height) => `${width} × ${height} px`;
const plural = (count, word) => `${count} ${word}${count === 1 ? "" : "s"}`;

// The network's own check: does this browser make of the sample what torch makes of it?
const check = async (engine) => {
  const { width, height } = facts.sample, both = await pieces.sample, area = width * height;
  const pixels = new Uint8ClampedArray(4 * area).fill(255);
  for (let i = 0; i < area; i++) pixels.set(both.subarray(3 * i, 3 * i + 3), 4 * i);
  if (!picture) resize(width, height);
  if (!picture) before.putImageData(new ImageData(pixels, width, height), 0, 0);
  let made = await engine.run(pixels.slice(), width, height);
  if (made.ms < 1000) made = await engine.run(pixels.slice(), width, height); // without the start
  let most = 0, sum = 0;
  for (let i = 0; i < 3 * area; i++) {
    const off = Math.abs(made.pixels[Math.floor(i / 3) * 4 + (i % 3)] - both[3 * area + i]);
    most = Math.max(most, off);
    sum += off;
  }
  if (sum / area / 3 > 1) throw new Error(`its results are ${(sum / area / 3).toFixed(1)} levels off`);
  [speed, apart] = [made.ms / area, most];
  if (!picture) {
    after.putImageData(new ImageData(made.pixels, width, height), 0, 0);
    say("Sample photograph", width, height, "", made.ms);
  }
};

const say = (name, width, height, limited, ms) => {
  const words = [name, size(width, height) + limited, time(ms), NAMES[builds.value]];
  if (apart !== null) words.push(`at most ${plural(apart, "level")} of 255 from torch on the sample`);
  told.textContent = words.join(" · ");
};

const open = async (build) => {
  const engine = new Engine(build);
  builds.value = build;
  busy(`Loading ${(facts.sizes[build] / 1e6).toFixed(1)} MB`);
  try {
    await engine.start();
    busy("Trying it on the sample");
    await check(engine);
    return engine;
  } catch (error) {
    engine.stop();
    if (build === "wasm") throw new Error(`This browser cannot run the model: ${error.message}`);
    complain(`The graphics card is not used: ${error.message}`);
    return open("wasm");
  }
};

const reopen = async () => {
  const old = await ready.catch(() => null);
  old?.stop();
  const engine = new Engine(builds.value);
  await engine.start();
  return engine;
};

const hasGraphicsCard = async () => {
  const adapter = await navigator.gpu?.requestAdapter().catch(() => null);
  if (!adapter) builds.options[0].disabled = true;
  return Boolean(adapter) && !(adapter.info?.isFallbackAdapter || adapter.isFallbackAdapter);
};

// Offers the longest sides that this picture and this machine allow.
const offer = (kind, width, height) => {
  const longest = Math.max(width, height), area = (side) => width * height * (side / longest) ** 2;
  const all = [...SIDES.filter((side) => side < longest), longest];
  const fitting = all.filter((side) => area(side) * facts.bytesPerPixel < MEMORY);
  const within = fitting.filter((side) => wanted[kind] ? side <= wanted[kind] : area(side) * speed < PATIENCE[kind]);
  const label = (side) => `${side} px, about ${time(area(side) * speed)}`;
  sides.replaceChildren(...fitting.map((side) => new Option(label(side), side)));
  sides.value = within.at(-1) ?? fitting[0];
  sides.disabled = false;
};

const fitted = (width, height) => {
  const scale = Math.min(1, Number(sides.value) / Math.max(width, height));
  return [width, height].map((side) => Math.max(1, Math.round(side * scale)));
};

const resize = (width, height) => {
  for (const { canvas } of [before, after]) Object.assign(canvas, { width, height });
  stage.style.setProperty("--aspect", width / height);
};

const draw = (image, width, height) => {
  resize(width, height);
  for (const context of [before, after]) {
    context.imageSmoothingQuality = "high";
    context.drawImage(image, 0, 0, width, height);
  }
};

const translate = async () => {
  const turn = ++turns;
  if (running) ready = reopen(); // nobody waits for the last one any more
  complain("");
  save.disabled = true;
  busy("Translating");
  try {
    const engine = await ready;
    if (turn !== turns) return;
    offer("picture", picture.image.width, picture.image.height);
    const [width, height] = fitted(picture.image.width, picture.image.height);
    draw(picture.image, width, height);
    running = true;
    const made = await engine.run(before.getImageData(0, 0, width, height).data, width, height);
    if (turn !== turns) return;
    after.putImageData(new ImageData(made.pixels, width, height), 0, 0);
    const smaller = width < picture.image.width ? `, made smaller from ${size(picture.image.width, picture.image.height)}` : "";
    say(picture.name, width, height, smaller, made.ms);
    speed = made.ms / width / height;
    save.disabled = false;
  } catch (error) {
    failed(error);
  } finally {
    if (turn === turns) settle();
  }
};

const settle = () => {
  running = false;
  busy("");
};

const failed = (error) => {
  if (error instanceof Stopped) return;
  const short = /memory|alloc|array (buffer|length)|out of bounds|too large|overflow|canvas|abort/i.test(error.message);
  const place = before.canvas;
  complain(short
    ? `There is not enough memory for ${size(place.width, place.height)}; choose a smaller longest side.`
    : `That did not work: ${error.message.split("\n")[0].slice(0, 200)}`);
  ready = reopen();
  ready.catch(() => {});
};

const take = async (file) => {
  if (!file) return;
  stopCamera();
  try {
    const image = await createImageBitmap(file);
    picture?.image.close();
    picture = { image, name: file.name || "Pasted picture" };
  } catch {
    complain(`${file.name || "What was pasted"} is no picture that this browser can read.`);
    return;
  }
  before.canvas.ariaLabel = `Before: ${picture.name}`;
  after.canvas.ariaLabel = `After: ${picture.name}`;
  await translate();
};

document.getElementById("file").addEventListener("change", (event) => {
  take(event.target.files[0]);
  event.target.value = "";
});
document.addEventListener("paste", (event) => take(event.clipboardData.files[0]));
document.addEventListener("dragover", (event) => {
  event.preventDefault();
  stage.classList.add("over");
});
for (const kind of ["dragleave", "drop"]) document.addEventListener(kind, () => stage.classList.remove("over"));
document.addEventListener("drop", (event) => {
  event.preventDefault();
  take(event.dataTransfer.files[0]);
});

sides.addEventListener("change", () => {
  wanted[stream ? "camera" : "picture"] = Number(sides.value);
  if (!stream && picture) translate();
});

builds.addEventListener("change", async () => {
  const filming = Boolean(stream), old = ready;
  stopCamera();
  complain("");
  ready = old.catch(() => null).then((engine) => {
    engine?.stop();
    return open(builds.value);
  });
  if (picture) await translate();
  else await ready.then(settle, (error) => complain(error.message));
  if (filming) await startCamera();
});

save.addEventListener("click", () => after.canvas.toBlob((blob) => {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = `${(picture?.name ?? "camera").replace(/\.[^.]*$/, "")}-${facts.target}.png`.replace(/[^\p{L}\p{N}._ -]/gu, "_");
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
}));

ready = hasGraphicsCard().then((able) => open(able ? "webgpu" : "wasm"));
ready.then(() => {
  builds.disabled = false;
  document.getElementById("camera").disabled = false;
  if (!running) settle();
}, (error) => {
  settle();
  complain(error.message);
});
