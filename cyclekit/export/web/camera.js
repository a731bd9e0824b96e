// The camera: each frame that comes while the network computes is dropped, none waits.
const [video, toggle, turnAround] = ["video", "camera", "turn"].map((id) => document.getElementById(id));
const REFUSALS = {
  NotAllowedError: "The camera was not allowed.",
  NotFoundError: "There is no camera.",
  NotReadableError: "The camera is in use elsewhere.",
};
let stream = null, facing = "user";

const startCamera = async () => {
  complain("");
  if (!navigator.mediaDevices) {
    complain("Browsers give the camera to pages from https, from this machine or from its disk only.");
    return;
  }
  try {
    stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: facing, width: { ideal: 1280 } } });
  } catch (error) {
    complain(REFUSALS[error.name] ?? `The camera does not start: ${error.message}`);
    return;
  }
  video.srcObject = stream;
  await video.play();
  turns++; // a picture that is being translated comes too late
  picture = null;
  toggle.ariaPressed = "true";
  toggle.textContent = "Stop camera";
  told.ariaLive = "off";
  before.canvas.ariaLabel = "Before: camera";
  after.canvas.ariaLabel = "After: camera";
  const found = await navigator.mediaDevices.enumerateDevices();
  turnAround.hidden = found.filter((one) => one.kind === "videoinput").length < 2;
  await watch(stream);
};

const stopCamera = () => {
  if (!stream) return;
  for (const track of stream.getTracks()) track.stop();
  stream = video.srcObject = null;
  toggle.ariaPressed = "false";
  toggle.textContent = "Camera";
  told.ariaLive = "polite";
  turnAround.hidden = true;
};

const watch = async (mine) => {
  const frame = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  let came = 0, made = 0, rate = 0, last = 0, seen = -1;
  const count = (now, { presentedFrames }) => {
    came = presentedFrames;
    if (stream === mine) video.requestVideoFrameCallback(count);
  };
  video.requestVideoFrameCallback?.(count);
  try {
    const engine = await ready;
    busy("");
    offer("camera", video.videoWidth, video.videoHeight);
    while (stream === mine) {
      await new Promise(requestAnimationFrame);
      if (video.currentTime === seen) continue;
      seen = video.currentTime;
      const [width, height] = fitted(video.videoWidth, video.videoHeight);
      Object.assign(frame.canvas, { width, height });
      frame.drawImage(video, 0, 0, width, height);
      const result = await engine.run(frame.getImageData(0, 0, width, height).data, width, height);
      if (stream !== mine) return;
      if (after.canvas.width !== width || after.canvas.height !== height) resize(width, height);
      before.drawImage(frame.canvas, 0, 0);
      after.putImageData(new ImageData(result.pixels, width, height), 0, 0);
      save.disabled = false;
      made++;
      const now = performance.now();
      if (last) rate = rate ? 0.8 * rate + 200 / (now - last) : 1000 / (now - last);
      last = now;
      const lost = came ? ` · ${plural(Math.max(0, came - made), "frame")} left out` : "";
      told.textContent = `Camera · ${size(width, height)} · ${rate.toFixed(1)} frames/s${lost} · ${time(result.ms)} each · ${NAMES[engine.build]}`;
    }
  } catch (error) {
    if (stream !== mine) return;
    stopCamera();
    failed(error);
  }
};

toggle.addEventListener("click", () => stream ? stopCamera() : startCamera());
turnAround.addEventListener("click", () => {
  facing = facing === "user" ? "environment" : "user";
  stopCamera();
  startCamera();
});
