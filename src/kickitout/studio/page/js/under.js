/** What plays under the pattern: nothing, a plain bass, or a loop of the user's. */

import { audio } from "./audio.js";
import { element, input, make, select, trying } from "./dom.js";
import { shortened } from "./file.js";
import { outputOf } from "./master.js";
import { keepInSession } from "./session.js";
import { state } from "./state.js";
import { hzOf, midiName, quantity } from "./words.js";
import { Wrong } from "./wrong.js";

const PLAIN_HZ = 43.65; // of a bass under a kick without a pitch: F1
const BASS_STEPS = 4; // one bass note in so many steps,
const OFFBEAT = 2; // between the beats
const BASS_LONG = 1.8; // steps that it lasts

/** @type {AudioBuffer | null} */
let loop = null;
let loopName = "";
/** @type {AudioBufferSourceNode | null} */
let looping = null;
/** @type {GainNode | null} while the pattern runs */
let under = null;

/** @param {() => number} nextStep when a loop that is chosen meanwhile may begin */
export function setUpUnder(nextStep) {
  for (let midi = 24; midi <= 48; midi++) select("bass-note").append(make("option", { value: String(midi) }, midiName(midi)));
  select("bass-note").value = "29";
  select("under").addEventListener("change", () => {
    show();
    stopLoop();
    startLoop(nextStep());
  });
  const level = input("under-level");
  level.addEventListener("input", () => {
    showLevel();
    under?.gain.setTargetAtTime(gain(), audio().currentTime, 0.02);
  });
  const file = input("loop");
  file.addEventListener("change", () => {
    const chosen = file.files?.[0];
    file.value = ""; // the same file may be chosen again
    if (chosen) trying(() => readLoop(chosen).then(() => startLoop(nextStep())))();
  });
  for (const id of ["under", "bass-note", "under-level"]) element(id).addEventListener("change", () => state.tell("session"));
  keepInSession("under", { save, from: underFrom, open: (own) => open(own, nextStep) });
  show();
}

/** @typedef {{plays: string, note: string, level_db: number, loop: string}} Under  loop: its name; its samples are nowhere kept */

/** @returns {Under} */
const save = () => ({ plays: select("under").value, note: select("bass-note").value, level_db: input("under-level").valueAsNumber, loop: loopName });

/** @param {any} data @returns {Under | null} */
function underFrom(data) {
  const offers = (/** @type {string} */ id) => [...select(id).options].map(({ value }) => value);
  const { min, max } = input("under-level");
  const fits = offers("under").includes(data?.plays) && offers("bass-note").includes(data.note) && typeof data.loop === "string";
  return fits && data.level_db >= Number(min) && data.level_db <= Number(max) ? data : null;
}

/** @param {Under} own @param {() => number} nextStep */
function open({ plays, note, level_db: level, loop: name }, nextStep) {
  select("under").value = plays;
  select("bass-note").value = note;
  input("under-level").value = String(level);
  under?.gain.setTargetAtTime(gain(), audio().currentTime, 0.02);
  if (name && name !== loopName) {
    loop = null;
    loopName = name;
    showLoop("(choose it again)");
  }
  show();
  stopLoop();
  startLoop(nextStep());
}

/** The loop stays in this page: the browser decodes it. @param {File} file */
async function readLoop(file) {
  try {
    loop = await audio().decodeAudioData(await file.arrayBuffer());
  } catch {
    throw new Wrong(`${file.name}: the browser cannot read it; WAV, FLAC, MP3 and OGG work`);
  }
  loopName = file.name;
  showLoop(`(${loop.duration.toFixed(1)} s)`);
  state.tell("session");
}

/** @param {string} what is said of it */
const showLoop = (what) => void element("loop-label").firstChild?.replaceWith(`${shortened(loopName, 24)} ${what} `);

const gain = () => 10 ** (input("under-level").valueAsNumber / 20);
const showLevel = () => (element("under-level-value").textContent = quantity(input("under-level").valueAsNumber, "dB").replace(".0", ""));

function show() {
  const what = select("under").value;
  element("bass-note-label").hidden = what !== "note";
  element("loop-label").hidden = what !== "loop";
  showLevel();
}

/** The pattern begins. @param {number} when */
export function beginUnder(when) {
  const ctx = audio();
  under = ctx.createGain();
  under.gain.value = gain();
  under.connect(outputOf(ctx));
  startLoop(when);
}

export function endUnder() {
  stopLoop();
  under?.disconnect();
  under = null;
}

/** A bass note, where one belongs: a saw an octave above what it is called, through a low-pass, with a sine below. @param {number} step @param {number} when @param {number} seconds of a step */
export function playUnder(step, when, seconds) {
  const what = select("under").value;
  if (step % BASS_STEPS !== OFFBEAT || (what !== "follow" && what !== "note") || !under) return;
  const ctx = audio();
  const own = state.sound?.card?.pitch_end_hz;
  const hz = what === "note" ? hzOf(Number(select("bass-note").value)) : typeof own === "number" ? own : PLAIN_HZ;
  const long = seconds * BASS_LONG;
  const level = ctx.createGain();
  level.gain.setValueAtTime(0, when);
  level.gain.linearRampToValueAtTime(0.5, when + 0.008);
  level.gain.setTargetAtTime(0, when + long, 0.03);
  const low = ctx.createBiquadFilter();
  low.frequency.value = 420;
  low.connect(level).connect(under);
  for (const [type, ratio, share] of /** @type {const} */ ([["sine", 1, 0.9], ["sawtooth", 2, 0.25]])) {
    const voice = ctx.createOscillator();
    voice.type = type;
    voice.frequency.value = hz * ratio;
    const part = ctx.createGain();
    part.gain.value = share;
    voice.connect(part).connect(low);
    voice.start(when);
    voice.stop(when + long + 0.3);
  }
}

/** @param {number} when */
function startLoop(when) {
  stopLoop();
  if (select("under").value !== "loop" || !loop || !under) return;
  looping = audio().createBufferSource();
  looping.buffer = loop;
  looping.loop = true;
  looping.connect(under);
  looping.start(when);
}

function stopLoop() {
  looping?.stop();
  looping?.disconnect();
  looping = null;
}
