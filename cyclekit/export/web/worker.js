"use strict";
// Computes beside the page, which stays awake meanwhile. Gets messages, answers each with one.
let runtime = null, session = null;

const start = async ({ code, machine, model, provider }) => {
  // An address of the worker's own: to one of the page it has no right where both lie on a disk.
  const place = URL.createObjectURL(new Blob([code], { type: "text/javascript" }));
  runtime = await import(place);
  URL.revokeObjectURL(place);
  runtime.env.wasm.numThreads = 1; // more need headers that plain servers do not send
  runtime.env.wasm.wasmBinary = machine;
  const quiet = 4; // only what is fatal: the rest comes as an error
  session = await runtime.InferenceSession.create(model, { executionProviders: [provider], logSeverityLevel: quiet });
  return {};
};

// Which pixel stands at a place up to the end, which lies beyond the picture: reflected, as often
// as it takes.
const reflected = (end, side) => {
  const period = Math.max(1, 2 * side - 2);
  return Int32Array.from({ length: end }, (_, place) => Math.min(place % period, period - (place % period)));
};

// RGBA, rows of levels -> float (3, H, W) in [-1, 1], H and W multiples of the stride.
const feed = (pixels, width, height, wide, high) => {
  const made = new Float32Array(3 * wide * high);
  const columns = reflected(wide, width).map((column) => column * 4);
  let at = 0;
  for (let channel = 0; channel < 3; channel++) {
    for (const row of reflected(high, height)) {
      const first = row * width * 4 + channel;
      for (const column of columns) made[at++] = pixels[first + column] * (2 / 255) - 1;
    }
  }
  return made;
};

// The same back; the opacity stays what it was. The array rounds and clips by itself.
const levels = (values, pixels, width, height, wide, high) => {
  const made = new Uint8ClampedArray(pixels);
  for (let channel = 0; channel < 3; channel++) {
    for (let row = 0; row < height; row++) {
      let from = (channel * high + row) * wide, to = row * width * 4 + channel;
      for (let column = 0; column < width; column++, to += 4) made[to] = (values[from++] + 1) * 127.5;
    }
  }
  return made;
};

const run = async ({ pixels, width, height, stride, smallest }) => {
  const began = performance.now();
  const [wide, high] = [width, height].map((side) => Math.ceil(Math.max(side, smallest) / stride) * stride);
  const input = new runtime.Tensor("float32", feed(pixels, width, height, wide, high), [1, 3, high, wide]);
  const made = await session.run({ [session.inputNames[0]]: input });
  const output = made[session.outputNames[0]];
  const result = levels(await output.getData(), pixels, width, height, wide, high);
  output.dispose();
  return { pixels: result, ms: performance.now() - began };
};

self.onmessage = async ({ data }) => {
  try {
    const answer = await (data.code ? start(data) : run(data));
    self.postMessage(answer, answer.pixels ? [answer.pixels.buffer] : []);
  } catch (error) {
    self.postMessage({ error: String(error?.message ?? error) });
  }
};
