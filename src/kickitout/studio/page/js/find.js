/** Find: which kicks of the map are shown, by note, length, brightness, style, and likeness to a sound. */

import { audio } from "./audio.js";
import { button, element, input, inSentence, make, select, trying } from "./dom.js";
import { bytesOf } from "./file.js";
import { distance, printOf } from "./likeness.js";
import { state } from "./state.js";
import { count, NOTE_NAMES, noteOf } from "./words.js";

/** @typedef {import("./types.js").Sound} Sound */
/** @typedef {import("./likeness.js").Print} Print */

const LIKEST = 24; // kicks that are shown as like a sound
const NONE = "No kick of the map is like that: loosen one, or add More.";
const THIRDS = { dark: 0, middle: 1, bright: 2 };

/** What is looked for. @type {{name: string, print: Print} | null} */
let like = null;
/** @type {WeakMap<Sound, Print>} */
const prints = new WeakMap();
/** @type {Set<Sound> | null} null: all */
let shown = null;
/** @type {() => Sound[]} */
let all = () => [];
/** @type {() => void} */
let changed = () => {};

/** Whether a kick is shown. @param {Sound} sound */
export const isShown = (sound) => shown === null || shown.has(sound);

/**
 * @param {import("./types.js").About} about
 * @param {{sounds: () => Sound[], changed: () => void, style: (name: string) => Promise<void>}} tells sounds: of the map;
 *   changed: other kicks are shown; style: fill the map with kicks of a style, "" for all
 */
export function setUpFind(about, tells) {
  ({ sounds: all, changed } = tells);
  select("find-note").append(...NOTE_NAMES.map((name) => make("option", { value: name }, name)));
  select("find-style").append(...(about.styles ?? []).map((name) => make("option", { value: name }, name)));
  element("find-style").closest("label")?.toggleAttribute("hidden", !about.styles?.length);
  button("find-open").addEventListener("click", () => {
    const open = element("find").hidden;
    element("find").hidden = !open;
    button("find-open").setAttribute("aria-expanded", String(open));
    if (open) select("find-note").focus();
  });
  for (const id of ["find-note", "find-bright"]) select(id).addEventListener("change", filter);
  for (const id of ["find-shortest", "find-longest"]) input(id).addEventListener("input", filter);
  select("find-style").addEventListener("change", trying(() => tells.style(select("find-style").value)));
  button("find-like").addEventListener("click", trying(() => {
    const sound = state.sound;
    if (sound) liken(sound.name, sound.samples);
  }));
  const file = input("find-file");
  file.addEventListener("change", trying(async () => {
    const chosen = file.files?.[0];
    file.value = "";
    if (chosen) await likeFile(chosen);
  }));
  element("find").addEventListener("drop", (event) => {
    const chosen = event.dataTransfer?.files[0];
    if (!chosen) return;
    event.preventDefault();
    event.stopPropagation(); // what is dropped here is compared, not opened
    trying(() => likeFile(chosen))();
  });
  button("find-clear").addEventListener("click", trying(async () => {
    const styled = select("find-style").value !== "";
    like = null;
    for (const id of ["find-note", "find-bright", "find-style"]) select(id).value = "";
    for (const id of ["find-shortest", "find-longest"]) input(id).value = "";
    if (styled) await tells.style("");
    filter();
  }));
}

/** Compare with a file. @param {File} file */
async function likeFile(file) {
  const bytes = await bytesOf(file, file.name);
  let decoded;
  try {
    decoded = await audio().decodeAudioData(bytes);
  } catch (error) {
    throw new Error(`${file.name}: the browser cannot read it as a sound (${inSentence(error)}); WAV, FLAC, OGG and MP3 work`);
  }
  liken(file.name, Array.from({ length: decoded.numberOfChannels }, (_, c) => decoded.getChannelData(c)));
}

/** @param {string} name @param {Float32Array[]} channels */
function liken(name, channels) {
  if (!channels[0]?.some((x) => x !== 0)) throw new Error(`${name}: is silent; choose a sound that is not`);
  like = { name, print: printOf(channels) };
  filter();
}

/** How far a kick is from what is looked for, in dB. @param {Sound} sound @param {Print} print */
function farFrom(sound, print) {
  let own = prints.get(sound);
  if (!own) prints.set(sound, (own = printOf(sound.samples)));
  return distance(own, print);
}

/** Look again at all kicks: call it when there are more. */
export function filter() {
  const kicks = all();
  const note = select("find-note").value;
  const bright = select("find-bright").value;
  const [shortest, longest] = [bound("find-shortest", -Infinity), bound("find-longest", Infinity)];
  const few = like || note || bright || shortest > -Infinity || longest < Infinity;
  let left = kicks;
  if (note) left = left.filter((kick) => named(kick) === note);
  if (shortest > -Infinity || longest < Infinity) {
    left = left.filter((kick) => {
      const decay = kick.card?.decay_t20_ms;
      return typeof decay === "number" && decay >= shortest && decay <= longest;
    });
  }
  if (bright) {
    const thirds = thirdsOf(kicks);
    left = left.filter((kick) => thirds.get(kick) === THIRDS[/** @type {"dark"} */ (bright)]);
  }
  const print = like?.print;
  if (print) left = [...left].sort((a, b) => farFrom(a, print) - farFrom(b, print)).slice(0, LIKEST);
  shown = few ? new Set(left) : null;
  say(kicks.length, left, shortest > longest ? `length: ${shortest} ms is above ${longest} ms; the shorter one goes first.` : NONE);
  changed();
}

/** The kicks that are shown, those most like a sound first. */
export const found = () => (shown === null ? all() : [...shown]);

/** @param {number} of @param {Sound[]} left @param {string} none what is said where none is left */
function say(of, left, none) {
  const text = !of ? "" : shown === null ? count(of, "kick") : `${left.length} of ${count(of, "kick")}`;
  element("count").textContent = text;
  const nearest = like && left.length ? ` nearest to ${like.name}: ${farFrom(left[0], like.print).toFixed(1)} dB away` : "";
  element("find-said").textContent = shown === null ? "" : left.length ? `${text}${nearest ? `,${nearest}` : ""}` : none;
  button("find-open").classList.toggle("on", shown !== null || select("find-style").value !== "");
}

/** @param {string} id @param {number} none */
function bound(id, none) {
  const value = input(id).valueAsNumber;
  return Number.isFinite(value) ? value : none;
}

/** @param {Sound} kick */
function named(kick) {
  const hz = kick.card?.pitch_end_hz;
  return typeof hz === "number" ? noteOf(hz).name.replace(/-?\d+$/, "") : "";
}

/** The third of the map in which each kick's brightness is; a kick that has none is in none. @param {Sound[]} kicks */
function thirdsOf(kicks) {
  const known = kicks.flatMap((kick) => (typeof kick.card?.click_centroid_hz === "number" ? [{ kick, hz: kick.card.click_centroid_hz }] : []));
  known.sort((a, b) => a.hz - b.hz);
  let darker = 0; // how many are
  return new Map(known.map(({ kick, hz }, i) => {
    if (i && hz > known[i - 1].hz) darker = i;
    return [kick, Math.min(2, Math.floor((3 * darker) / known.length))];
  }));
}
