/** The waveform of the selected kick, large: zoomed with the wheel, two fingers, keys or buttons, moved by dragging. */

import { colour, drawWave, fresh } from "./draw.js";
import { button, element, the } from "./dom.js";
import { state } from "./state.js";

const CLOSEST_S = 0.0005; // the least that is shown: 22 samples
const STEP = 1.5; // of one press or notch
const DOT_PX = 5; // samples that are further apart than this have a dot each

/** What is shown, in seconds. */
let [from, to] = [0, 0.5];
/** Of each finger or button that is down, where it is. @type {Map<number, number>} */
const held = new Map();

const dialog = () => the("large", HTMLDialogElement);
const canvas = () => the("large-wave", HTMLCanvasElement);
const seconds = () => (state.sound ? state.sound.samples[0].length / state.sound.rate : 0.5);

export function setUpWaveform() {
  button("enlarge").addEventListener("click", open);
  the("wave", HTMLCanvasElement).addEventListener("click", open);
  button("large-close").addEventListener("click", () => dialog().close());
  for (const [id, work] of Object.entries({ "large-in": () => zoom(STEP), "large-out": () => zoom(1 / STEP), "large-whole": whole })) {
    button(id).addEventListener("click", work);
  }
  dialog().addEventListener("keydown", key);
  dialog().addEventListener("close", () => held.clear()); // of what is let go afterwards nothing is known here
  const box = canvas();
  box.addEventListener("wheel", (event) => {
    event.preventDefault();
    const sideways = event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY);
    if (sideways) pan(((event.deltaX || event.deltaY) / box.clientWidth) * (to - from));
    else zoom(1.0015 ** -event.deltaY, timeAt(event.clientX));
  }, { passive: false });
  box.addEventListener("pointerdown", (event) => {
    box.setPointerCapture(event.pointerId);
    held.set(event.pointerId, event.clientX);
  });
  box.addEventListener("pointermove", moved);
  for (const kind of ["pointerup", "pointercancel"]) box.addEventListener(kind, (event) => held.delete(/** @type {PointerEvent} */ (event).pointerId));
  state.on("selected", () => {
    if (dialog().open) whole();
  });
  new ResizeObserver(paint).observe(box);
}

function open() {
  if (!state.sound) return;
  dialog().showModal();
  whole();
}

function whole() {
  [from, to] = [0, seconds()];
  paint();
}

/** @param {number} clientX */
function timeAt(clientX) {
  const box = canvas().getBoundingClientRect();
  return from + ((clientX - box.left) / box.width) * (to - from);
}

/** Zoom in by a factor, around a time that stays where it is. @param {number} by @param {number} [at] */
function zoom(by, at = (from + to) / 2) {
  const span = Math.min(Math.max((to - from) / by, CLOSEST_S), seconds());
  const share = (at - from) / (to - from);
  from = at - share * span;
  to = from + span;
  pan(0);
}

/** Move by so many seconds, within the sound. @param {number} by */
function pan(by) {
  const span = to - from;
  from = Math.min(Math.max(from + by, 0), Math.max(0, seconds() - span));
  to = from + span;
  paint();
}

/** One pointer moves, two zoom. @param {PointerEvent} event */
function moved(event) {
  const was = held.get(event.pointerId);
  if (was === undefined) return;
  const other = [...held].find(([id]) => id !== event.pointerId)?.[1];
  if (other === undefined) pan(-((event.clientX - was) / canvas().clientWidth) * (to - from));
  else if (Math.abs(was - other) > 1) zoom(Math.max(Math.abs(event.clientX - other), 1) / Math.abs(was - other), timeAt(other));
  held.set(event.pointerId, event.clientX);
}

/** @param {KeyboardEvent} event */
function key(event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const step = (to - from) / 8;
  const work = {
    "+": () => zoom(STEP), "=": () => zoom(STEP), "-": () => zoom(1 / STEP), 0: whole, Home: () => pan(-seconds()), End: () => pan(seconds()),
    ArrowUp: () => zoom(STEP), ArrowDown: () => zoom(1 / STEP), ArrowLeft: () => pan(-step), ArrowRight: () => pan(step),
  }[event.key];
  if (!work) return;
  event.preventDefault();
  event.stopPropagation();
  work();
}

const inMs = (/** @type {number} */ s) => `${(1000 * s).toFixed(to - from < 0.02 ? 2 : 0)} ms`;

export function paint() {
  const sound = state.sound;
  if (!sound || !dialog().open) return;
  const { pen, width, height } = fresh(canvas());
  const lines = height - 16;
  pen.font = "11px system-ui, sans-serif";
  pen.textBaseline = "bottom";
  pen.lineWidth = 1;
  for (const at of ticks()) {
    const x = Math.round(((at - from) / (to - from)) * width) + 0.5;
    pen.strokeStyle = colour("line");
    pen.beginPath();
    pen.moveTo(x, 0);
    pen.lineTo(x, lines);
    pen.stroke();
    pen.fillStyle = colour("quiet");
    pen.textAlign = x < 30 ? "left" : x > width - 30 ? "right" : "center";
    pen.fillText(inMs(at), x, height);
  }
  pen.strokeStyle = pen.fillStyle = colour("coral");
  sound.samples.forEach((channel, i) => {
    const box = { x: 0, y: (i * lines) / sound.samples.length, width, height: lines / sound.samples.length };
    if (((to - from) * sound.rate) / width < 1) drawLine(pen, channel, sound.rate, box);
    else drawWave(pen, channel.subarray(Math.floor(from * sound.rate), Math.ceil(to * sound.rate)), box);
  });
  element("large-said").textContent = `${inMs(from)} to ${inMs(to)} of ${inMs(seconds())}`;
  canvas().setAttribute("aria-label", `Waveform of ${sound.name}, ${element("large-said").textContent}`);
}

/** From sample to sample. @param {CanvasRenderingContext2D} pen @param {Float32Array} samples @param {number} rate @param {{y: number, width: number, height: number}} box */
function drawLine(pen, samples, rate, { y, width, height }) {
  const x = (/** @type {number} */ i) => ((i / rate - from) / (to - from)) * width;
  const level = (/** @type {number} */ i) => y + height / 2 - samples[i] * (height / 2 - 1);
  const [first, last] = [Math.max(0, Math.floor(from * rate)), Math.min(samples.length - 1, Math.ceil(to * rate))];
  pen.beginPath();
  for (let i = first; i <= last; i++) pen.lineTo(x(i), level(i));
  pen.lineWidth = 1.5;
  pen.stroke();
  if (x(1) - x(0) < DOT_PX) return;
  for (let i = first; i <= last; i++) {
    pen.beginPath();
    pen.arc(x(i), level(i), 2.5, 0, 2 * Math.PI);
    pen.fill();
  }
}

/** Round times within what is shown. */
function ticks() {
  const rough = (to - from) / 6;
  const ten = 10 ** Math.floor(Math.log10(rough));
  const step = ten * ([1, 2, 5, 10].find((s) => s * ten >= rough) ?? 10);
  return Array.from({ length: 12 }, (_, i) => (Math.ceil(from / step) + i) * step).filter((at) => at <= to);
}
