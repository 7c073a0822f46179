/** The selected kick, analysed: waveform and level, spectrogram and pitch, and its card. */

import { play } from "./audio.js";
import { backend } from "./backend.js";
import { colour, drawWave, fresh } from "./draw.js";
import { element, make, newest, the, trying } from "./dom.js";
import { state } from "./state.js";
import { inWords } from "./words.js";

/** @typedef {import("./types.js").Sound} Sound */
/** @typedef {import("./types.js").Analysis} Analysis */

const REST_MS = 80; // a kick that changes within this time is not analysed: sound goes first
const LOWEST_DB = -72; // of the level curve
/** @type {WeakMap<Sound, Analysis>} */
const analyses = new WeakMap();
/** @type {import("./types.js").About["fields"]} */
let fields = [];
let resting = 0;

/** What is told of an analysis that has come. @type {(sound: Sound) => void} */
let tell = () => {};

/** The analysis of a sound, if it is there. @param {Sound} sound */
export const analysisOf = (sound) => analyses.get(sound);

/** @param {import("./types.js").About} about @param {(sound: Sound) => void} came */
export function setUpAnalysis(about, came) {
  tell = came;
  fields = about.fields;
  for (const id of ["spectrogram", "legend-pitch"]) element(id).hidden = about.without?.includes("spectrogram") ?? false;
  state.on("selected", show);
  new ResizeObserver(paint).observe(element("analysis"));
}

/** Show a sound that the API has analysed already. @param {Sound} sound @param {Analysis} analysis */
export const analysed = (sound, analysis) => void analyses.set(sound, analysis);

const fetchAnalysis = newest(async (/** @type {Sound} */ sound) => {
  if (sound.recipe && !analyses.has(sound)) analyses.set(sound, await backend.analyse(sound));
  if (state.sound === sound) paint();
  tell(sound);
});

function show() {
  const sound = state.sound;
  if (!sound) return;
  const words = inWords(sound);
  element("kick-title").replaceChildren(words.title, " ", make("small", {}, words.cents ?? ""));
  element("kick-line").textContent = words.detail;
  element("kick-line").title = sound.name;
  paint();
  clearTimeout(resting);
  resting = window.setTimeout(() => {
    fetchAnalysis(sound);
    writeCard(sound);
  }, analyses.has(sound) ? 0 : REST_MS);
}

/** @param {Sound} sound */
const secondsOf = (sound) => sound.samples[0].length / sound.rate;

export function paint() {
  const sound = state.sound;
  if (!sound) return;
  const analysis = analyses.get(sound);
  paintWave(sound, analysis);
  paintSpectrogram(secondsOf(sound), analysis);
  sayNearest(sound, analysis?.nearest);
}

/** @param {Sound} sound @param {Analysis["nearest"] | undefined} nearest */
function sayNearest(sound, nearest) {
  const box = element("nearest");
  box.title = "";
  if (!nearest) return box.replaceChildren();
  if (!nearest.known) {
    box.title = nearest.why ?? "";
    return box.replaceChildren("nearest training kick: not known");
  }
  const far = nearest.distance ?? NaN;
  const copy = typeof nearest.limit === "number" && far < nearest.limit;
  const limit = typeof nearest.limit === "number" ? `below ${nearest.limit.toFixed(3)} is a near-duplicate` : "too few training kicks to say what is too near";
  const by = nearest.by === "sounds" ? "compared with the training kicks themselves" : "by fingerprints; a studio that is started with the folder of them compares with the kicks themselves";
  box.title = `${nearest.name}: 0 is the same, 1 has nothing in common; ${limit}; ${by}`;
  const nearby = make("button", { "aria-label": "Play the nearest training kick" }, "play it");
  nearby.addEventListener("click", trying(async () => {
    const { sounds } = await backend.nearest(/** @type {any} */ (sound.recipe));
    play(sounds[1]);
  }));
  const [name, folder] = (nearest.name ?? "").split("/").reverse();
  const said = make("span", {}, `nearest training kick ${far.toFixed(2)} away${copy ? ", a near-duplicate" : ""}: `, make("b", {}, name.replace(/\.\w+$/, "")), folder ? ` (${folder})` : "");
  box.replaceChildren(said, ...(sound.recipe && nearest.by === "sounds" ? [nearby] : []));
}

/** @param {Sound} sound @param {Analysis | undefined} analysis */
function paintWave(sound, analysis) {
  const { pen, width, height } = fresh(the("wave", HTMLCanvasElement));
  pen.strokeStyle = colour("coral");
  const samples = sound.samples;
  samples.forEach((channel, i) => {
    drawWave(pen, channel, { x: 0, y: (i * height) / samples.length, width, height: height / samples.length });
  });
  if (!analysis || element("kick").classList.contains("drawn-over")) return; // the layer has the level on a scale of its own
  const points = analysis.level.ms.map((ms, i) => [ms, analysis.level.db[i]]);
  const end = points.findLastIndex(([, db]) => db > LOWEST_DB) + 1;
  curve(pen, points.slice(0, end), secondsOf(sound), width, (db) => (1 - Math.max(0, (db - LOWEST_DB) / -LOWEST_DB)) * (height - 4) + 2, "gold");
}

/** @param {number} seconds of the sound @param {Analysis | undefined} analysis */
function paintSpectrogram(seconds, analysis) {
  const canvas = the("spectrogram", HTMLCanvasElement);
  const { pen, width, height } = fresh(canvas);
  if (!analysis?.spectrogram) return;
  const { rows, columns, low_hz: low, high_hz: high, data } = analysis.spectrogram;
  const levels = Uint8Array.from(atob(data), (c) => c.charCodeAt(0));
  const image = new ImageData(columns, rows);
  const light = document.documentElement.dataset.theme === "light";
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const [r, g, b] = heat(levels[row * columns + column] / 255, light);
      image.data.set([r, g, b, 255], 4 * ((rows - 1 - row) * columns + column));
    }
  }
  const small = new OffscreenCanvas(columns, rows);
  small.getContext("2d")?.putImageData(image, 0, 0);
  pen.imageSmoothingQuality = "high";
  pen.drawImage(small, 0, 0, width, height);
  const y = (/** @type {number} */ hz) => (1 - Math.log(hz / low) / Math.log(high / low)) * height;
  curve(pen, analysis.pitch.ms.map((ms, i) => [ms, analysis.pitch.hz[i]]), seconds, width, y, "teal");
  pen.font = "10px system-ui, sans-serif";
  pen.textBaseline = "middle";
  pen.textAlign = "right";
  for (const hz of [50, 200, 1000, 5000]) label(pen, hz < 1000 ? `${hz} Hz` : `${hz / 1000} kHz`, width - 5, y(hz));
  pen.textAlign = "center";
  for (const share of [0.2, 0.4, 0.6, 0.8]) label(pen, `${Math.round(share * seconds * 1000)} ms`, share * width, 8);
}

/** Words on a ground of their own: hot colours lie under them. @param {CanvasRenderingContext2D} pen @param {string} text @param {number} x @param {number} y */
function label(pen, text, x, y) {
  pen.lineWidth = 4;
  pen.lineJoin = "round";
  pen.strokeStyle = colour("ground");
  pen.strokeText(text, x, y);
  pen.fillStyle = colour("quiet");
  pen.fillText(text, x, y);
}

/**
 * @param {CanvasRenderingContext2D} pen
 * @param {number[][]} points ms and value
 * @param {number} seconds that the width shows
 * @param {number} width
 * @param {(value: number) => number} y
 * @param {string} name of a colour
 */
function curve(pen, points, seconds, width, y, name) {
  pen.beginPath();
  points.forEach(([ms, value], i) => {
    const x = (ms / 1000 / seconds) * width;
    if (i) pen.lineTo(x, y(value));
    else pen.moveTo(x, y(value));
  });
  pen.strokeStyle = colour(name);
  pen.lineWidth = 1.8;
  pen.lineJoin = "round";
  pen.stroke();
}

/** Colours of the spectrogram, from the ground to hot. @param {number} share @param {boolean} light */
function heat(share, light) {
  const stops = light
    ? [[239, 236, 229], [236, 205, 170], [224, 130, 80], [160, 55, 40], [60, 15, 30]]
    : [[17, 18, 21], [60, 30, 78], [160, 46, 84], [248, 120, 70], [255, 236, 190]];
  const at = share * (stops.length - 1);
  const low = Math.min(Math.floor(at), stops.length - 2);
  return stops[low].map((from, i) => from + (at - low) * (stops[low + 1][i] - from));
}

/** @param {Sound} sound */
function writeCard(sound) {
  if (!sound.card) {
    const why = "This page has measured the kicks of the map only; kick studio, on your own machine, measures every one.";
    const cell = make("td", { colspan: "3" }, why);
    element("card-rows").replaceChildren(make("tr", {}, cell));
    return;
  }
  const rows = fields.map(({ name, unit, meaning, digits }) => {
    const value = sound.card?.[name];
    const shown =
      typeof value === "number" ? `${value.toFixed(digits).replace("-", "−")} ${unit === "0..1" ? "" : unit}` : value || "–";
    const why = sound.reasons?.[name];
    return make("tr", {}, make("th", { scope: "row" }, name), make("td", {}, shown), make("td", {}, why ?? meaning));
  });
  element("card-rows").replaceChildren(...rows);
}
