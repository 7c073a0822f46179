/** Fit my track: a loop goes to the library, its kicks come back, and sound in it at one loudness, one after another. */

import { audio, prepare, wake } from "./audio.js";
import { backend } from "./backend.js";
import { button, element, input, inSentence, make, newest, select, the, trying } from "./dom.js";
import { colour, fresh } from "./draw.js";
import { keep, kept } from "./kept.js";
import { outputOf } from "./master.js";
import { ducking, mixed } from "./mix.js";
import { state } from "./state.js";
import { show as showTab } from "./tabs.js";
import { tile } from "./tiles.js";
import { parse, quantity } from "./words.js";

/** @typedef {import("./types.js").Sound} Sound */
/** @typedef {{loop: AudioBuffer | null, name: string, kicks: Sound[], before: Sound, head: Record<string, any>}} Fitted */
/** @typedef {"alone" | "before" | "fitted"} Choice */

const LAST_KEY = "kickitout.fit"; // the name of the last loop; the loop itself is not kept
const CHOICES = /** @type {const} */ (["alone", "before", "fitted"]);
const REST_MS = 400; // after the last change of what is said of a loop, until it is taken
const TARGETS = [ // of the kicks, instead of those by the loop
  { name: "pitch", id: "fit-note", unit: "Hz", what: "note", works: "F1, G#1+20 and 43.7Hz" },
  { name: "decay", id: "fit-decay", unit: "ms", what: "decay", works: "280ms and 0.28s" },
];
const MOST_MIXES = 4; // that are kept: two minutes in stereo are 42 MB each
const NEEDS = "The library hears a loop: `kick fit LOOP.wav` on your own machine, or this tab in `kick studio`.";

/** @type {Fitted | null} */
let found = null;
let chosen = 0; // which of its kicks
/** @type {Choice} */
let choice = "fitted";
/** @type {{source: AudioBufferSourceNode, since: number} | null} */
let playing = null;
/** @type {Map<string, AudioBuffer>} */
const buffers = new Map(); // the latest last
/** @type {File | null} */
let latest = null; // the loop

export function setUpFit() {
  if (!backend.fit) {
    element("fit-drop").hidden = element("fit-given").hidden = true;
    element("fit-said").textContent = NEEDS;
    return;
  }
  const file = input("fit-file");
  file.addEventListener("change", () => {
    const one = file.files?.[0];
    if (one) open(one);
    file.value = "";
  });
  for (const id of ["fit-n", "fit-key", "fit-bpm", "fit-style", ...TARGETS.map(({ id }) => id)]) element(id).addEventListener("change", again);
  const panel = element("fit");
  panel.addEventListener("drop", (event) => { // what is dropped elsewhere on the page is a kick
    const one = event.dataTransfer?.files[0];
    if (!one) return;
    event.preventDefault();
    event.stopPropagation();
    open(one);
  });
  for (const what of CHOICES) button(`fit-${what}`).addEventListener("click", () => choose(what));
  button("fit-run").addEventListener("click", trying(() => (playing ? stop() : run())));
  input("fit-ducked").addEventListener("change", () => playing && run());
  addEventListener("resize", paint);
  document.querySelector("#tab-fit")?.addEventListener("click", paint);
  const last = kept(LAST_KEY);
  if (last) element("fit-said").textContent = `Last time: ${last}. Drop it again to go on: loops are not kept.`;
}

/** The styles that kicks can be of. @param {import("./types.js").About} about */
export function offerStyles(about) {
  select("fit-style").append(...(about.styles ?? []).map((name) => make("option", { value: name }, name)));
  element("fit-style").closest("label")?.toggleAttribute("hidden", !about.styles?.length);
}

/** The value of a target that was typed; null where none was. @param {{id: string, unit: string}} target */
const typed = ({ id, unit }) => (input(id).value.trim() ? parse(input(id).value, unit) : null);

/** What is said of the loop instead of what is detected, and of its kicks. @returns {Record<string, string>} */
function given() {
  const said = {
    key: input("fit-key").value.trim(), bpm: input("fit-bpm").value, style: select("fit-style").value,
    ...Object.fromEntries(TARGETS.map((target) => [target.name, String(typed(target) ?? "")])),
  };
  return Object.fromEntries(Object.entries(said).filter(([, value]) => value));
}

let analyses = 0; // of two of a loop the later one counts
let resting = 0;

/** A loop that is new here. @param {File} file */
function open(file) {
  latest = file;
  showTab("fit");
  stop();
  show(null);
  fit(file);
}

/** The same loop with what is said of it now. What was found stays until there is more. */
function again() {
  clearTimeout(resting);
  resting = window.setTimeout(() => latest && fit(latest), REST_MS);
}

/** @param {File} file */
function fit(file) {
  clearTimeout(resting);
  const turn = ++analyses;
  if (!input("fit-bpm").checkValidity()) return say("BPM: 30 to 300 beats a minute work.", true);
  const wrong = TARGETS.find((target) => Number.isNaN(typed(target)));
  if (wrong) return say(`${wrong.what}: ${wrong.works} work.`, true);
  say(`${file.name}: listening, and trying kicks …`);
  hear(file, turn);
}

const hear = newest(async (/** @type {File} */ file, /** @type {number} */ turn) => {
  try {
    const reply = await /** @type {any} */ (backend).fit(file, file.name, Number(select("fit-n").value), given());
    const loop = await decoded(file);
    if (turn !== analyses) return;
    reply.sounds.forEach(prepare);
    show({ loop, name: file.name, kicks: reply.sounds.slice(0, -1), before: reply.sounds[reply.sounds.length - 1], head: reply.head });
    keep(LAST_KEY, file.name);
    say(loop ? `${file.name}: ${reply.head.fit.kicks.length} kicks` : `${file.name}: this browser cannot play it, so the kicks sound alone; WAV, FLAC, MP3 and OGG play in the mix`);
  } catch (error) {
    if (turn === analyses) say(inSentence(error), true);
  }
});

/** The loop as the page plays it, null where the browser cannot read what the library can. @param {File} file */
async function decoded(file) {
  try {
    return await audio().decodeAudioData(await file.arrayBuffer());
  } catch {
    return null;
  }
}

/** @param {Fitted | null} fitted */
function show(fitted) {
  found = fitted;
  chosen = 0;
  buffers.clear();
  element("fit-found").hidden = !fitted;
  if (!fitted) return;
  element("fit-says").replaceChildren(...fitted.head.found.map((/** @type {string} */ line) => make("li", {}, line)));
  element("fit-kicks").replaceChildren(...fitted.kicks.map(row));
  for (const id of ["fit-run", "fit-alone", "fit-before", "fit-fitted"]) button(id).disabled = !fitted.loop;
  if (playing) stop();
  pick(0, !element("fit").hidden); // who works on another kick by now keeps it
  paint();
}

/** A kick, and why it is as it is. @param {Sound} sound @param {number} i */
function row(sound, i) {
  const { masking_before_db: before, masking_after_db: after } = found?.head.fit.kicks[i];
  const masking = before === null || after === null ? [] : [make("b", {}, `masking ${quantity(before, "dB")} → ${quantity(after, "dB")}`), " "];
  return make("li", {}, tile(sound, () => pick(i)), make("p", {}, ...masking, found?.head.reasons[i] ?? ""));
}

/** Go on with one of the kicks. @param {number} i @param {boolean} [selected] on the page, too */
function pick(i, selected = true) {
  if (!found) return;
  chosen = i;
  [...element("fit-kicks").children].forEach((one, k) => one.firstElementChild?.setAttribute("aria-current", String(k === i)));
  button("fit-fitted").textContent = `fitted, kick ${i + 1}`;
  if (selected) state.select(found.kicks[i]);
  if (playing) choose("fitted");
}

/** @param {Choice} what */
function choose(what) {
  choice = what;
  for (const one of CHOICES) button(`fit-${one}`).setAttribute("aria-pressed", String(one === what));
  if (playing) run();
}

// The mix -------------------------------------------------------------------------------------------------------------

/** @param {Choice} what @param {number} i @param {boolean} ducked */
function bufferOf(what, i, ducked) {
  const key = what === "fitted" ? `${i} ${ducked}` : what;
  for (const oldest of [...buffers.keys()].filter((one) => one !== key).slice(0, -MOST_MIXES)) buffers.delete(oldest);
  const made = buffers.get(key);
  if (made || !found?.loop) return made;
  const { loop, head, kicks, before } = found;
  const { gains, beats, duck, fit } = head;
  const channels = Array.from({ length: loop.numberOfChannels }, (_, c) => loop.getChannelData(c));
  const rate = loop.sampleRate;
  const fitted = fit.kicks[i];
  const hits = { alone: null, before: { samples: before.samples, gainDb: gains.unfitted_kick }, fitted: { samples: kicks[i].samples, gainDb: fitted.gain_db } };
  const whole = what === "alone" ? gains.alone : what === "before" ? gains.unfitted : (ducked ? gains.ducked : gains.kicks)[i];
  const down = what === "fitted" && ducked ? ducking(loop.length, rate, beats, duck, fitted.targets.decay / 1000) : null;
  const samples = mixed(channels, rate, beats, hits[what], down, whole);
  const buffer = audio().createBuffer(samples.length, loop.length, rate);
  samples.forEach((one, c) => buffer.copyToChannel(/** @type {any} */ (one), c));
  buffers.set(key, buffer);
  return buffer;
}

/** Play the mix that is chosen, from where the one before it is. */
function run() {
  const buffer = bufferOf(choice, chosen, input("fit-ducked").checked);
  if (!buffer) return;
  wake();
  const ctx = audio();
  const since = playing?.since ?? ctx.currentTime;
  playing?.source.stop();
  const source = ctx.createBufferSource();
  source.buffer = buffer;
  source.loop = true;
  source.connect(outputOf(ctx));
  source.start(0, (ctx.currentTime - since) % buffer.duration);
  playing = { source, since };
  showRunning();
  const peak = Math.max(...Array.from({ length: buffer.numberOfChannels }, (_, c) => buffer.getChannelData(c).reduce((most, one) => Math.max(most, Math.abs(one)), 0)));
  document.dispatchEvent(new CustomEvent("kick-mix", { detail: { choice, kick: chosen, ducked: input("fit-ducked").checked, peak } }));
}

function stop() {
  playing?.source.stop();
  playing = null;
  showRunning();
}

function showRunning() {
  button("fit-run").textContent = playing ? "Stop" : "Play in the mix";
  button("fit-run").setAttribute("aria-pressed", String(playing !== null));
}

// What is seen --------------------------------------------------------------------------------------------------------

/** Where the low end is busy: its level, the beats, and the notes of the bass. */
function paint() {
  if (!found || element("fit").hidden) return;
  const { low, low_s: step, beats, fit } = found.head;
  const { pen, width, height } = fresh(the("fit-low", HTMLCanvasElement));
  const seconds = Math.max(fit.seconds, step);
  const floor = Math.min(...low, -1);
  const base = height - 16;
  const x = (/** @type {number} */ at) => (at / seconds) * width;
  pen.fillStyle = colour("line");
  for (const beat of beats) pen.fillRect(x(beat), 0, 1, base);
  pen.fillStyle = colour("coral");
  pen.globalAlpha = 0.55;
  low.forEach((/** @type {number} */ db, /** @type {number} */ i) => {
    const tall = (1 - db / floor) * base;
    pen.fillRect(x(i * step), base - tall, Math.max(1, x(step) - 0.5), tall);
  });
  pen.globalAlpha = 1;
  pen.fillStyle = colour("teal");
  pen.font = "10px system-ui, sans-serif";
  let free = 0; // where the next name fits
  for (const note of fit.bass.known ? fit.bass.notes : []) {
    if (note.weight < 0.01) continue;
    pen.fillRect(x(note.start_s), base + 1, Math.max(2, x(note.seconds) - 1), 3);
    if (x(note.start_s) < free) continue;
    pen.fillText(note.note, x(note.start_s), height - 2);
    free = x(note.start_s) + 22;
  }
  const names = [...new Set((fit.bass.known ? fit.bass.notes : []).map((/** @type {any} */ one) => one.note))];
  the("fit-low", HTMLCanvasElement).setAttribute(
    "aria-label",
    `Level below 150 Hz over ${seconds.toFixed(1)} seconds, ${beats.length} beats${names.length ? `, bass notes ${names.slice(0, 8).join(", ")}` : ""}`,
  );
}

/** @param {string} text @param {boolean} [far] */
function say(text, far = false) {
  element("fit-said").textContent = text;
  element("fit-said").classList.toggle("far", far);
}
