/** Hear the kick in context: a pattern of sixteen steps, a bass or a loop under it, and two kicks equally loud. */

import { audio, matchingGain, start, wake } from "./audio.js";
import { button, element, input, make, select, trying, wrong } from "./dom.js";
import { shortened } from "./file.js";
import { state } from "./state.js";
import { hzOf, midiName, quantity } from "./words.js";

/** @typedef {import("./types.js").Sound} Sound */

const STEPS = 16;
const AHEAD_S = 0.12; // steps are handed to the audio clock so long before they sound
const LOOK_MS = 25;
const PLAIN_HZ = 43.65; // of a bass under a kick without a pitch: F1
const BASS = new Set([2, 6, 10, 14]); // steps with a bass note: between the beats

const pattern = new Set([0, 4, 8, 12]);
/** @type {Sound | null} */
let held = null;
let choosesA = false; // whether the pattern plays the kick that is held
let timer = 0;
let step = 0;
let next = 0; // when the next step sounds, in the context's time
/** @type {AudioBuffer | null} */
let loop = null;
/** @type {AudioBufferSourceNode | null} */
let looping = null;
/** @type {GainNode | null} */
let under = null;

export function setUpContext() {
  const steps = Array.from({ length: STEPS }, (_, i) => {
    const made = make("button", { class: "step", "aria-label": `Step ${i + 1}`, "aria-pressed": String(pattern.has(i)) });
    made.addEventListener("click", () => {
      if (!pattern.delete(i)) pattern.add(i);
      made.setAttribute("aria-pressed", String(pattern.has(i)));
    });
    return made;
  });
  element("steps").append(...steps);
  for (let midi = 24; midi <= 48; midi++) select("bass-note").append(make("option", { value: String(midi) }, midiName(midi)));
  select("bass-note").value = "29";
  button("run").addEventListener("click", () => (timer ? stop() : run()));
  const tempo = input("tempo");
  tempo.addEventListener("input", () => (element("tempo-value").textContent = tempo.value));
  select("under").addEventListener("change", showUnder);
  const level = input("under-level");
  level.addEventListener("input", () => {
    element("under-level-value").textContent = quantity(level.valueAsNumber, "dB").replace(".0", "");
    if (under) under.gain.setTargetAtTime(underGain(), audio().currentTime, 0.02);
  });
  const file = input("loop");
  file.addEventListener("change", () => {
    const chosen = file.files?.[0];
    if (chosen) readLoop(chosen).catch(wrong);
  });
  button("hold-a").addEventListener("click", trying(holdA));
  button("choose-a").addEventListener("click", () => choose(true));
  button("choose-b").addEventListener("click", () => choose(false));
  input("matched").addEventListener("change", sayMatched);
  state.on("selected", sayMatched);
  showUnder();
}

/** The loop stays in this page: the browser decodes it. @param {File} file */
async function readLoop(file) {
  try {
    loop = await audio().decodeAudioData(await file.arrayBuffer());
  } catch {
    throw new Error(`${file.name}: the browser cannot read it; WAV, FLAC, MP3 and OGG work`);
  }
  element("loop-label").firstChild?.replaceWith(`${shortened(file.name, 24)} (${loop.duration.toFixed(1)} s) `);
  if (timer) startLoop(next);
}

function holdA() {
  held = state.sound;
  element("a-name").textContent = held?.name ?? "–";
  button("choose-a").disabled = !held;
  sayMatched();
}

/** @param {boolean} a */
function choose(a) {
  choosesA = a;
  button("choose-a").setAttribute("aria-pressed", String(a));
  button("choose-b").setAttribute("aria-pressed", String(!a));
}

const kick = () => (choosesA && held ? held : state.sound);
/** Whether both sounds have been measured; what has not cannot be made as loud as another. */
const measured = () => [held, state.sound].every((s) => !s || typeof s.card?.loudness_lufs === "number");
const gainOf = (/** @type {Sound} */ sound) => (input("matched").checked && measured() ? matchingGain(sound) : 1);
const underGain = () => 10 ** (input("under-level").valueAsNumber / 20);

function sayMatched() {
  const [a, b] = [held, state.sound];
  if (!a || !b) return;
  if (!measured()) {
    element("matched-said").textContent = "not measured here: both play as they are";
    return;
  }
  const [x, y] = [a, b].map((s) => 20 * Math.log10(gainOf(s)));
  element("matched-said").textContent = `A plays at ${quantity(x, "dB")}, B at ${quantity(y, "dB")}`;
}

function showUnder() {
  const what = select("under").value;
  element("bass-note-label").hidden = what !== "note";
  element("loop-label").hidden = what !== "loop";
  if (timer) {
    stopLoop();
    if (what === "loop") startLoop(next);
  }
}

function run() {
  wake();
  const ctx = audio();
  under = ctx.createGain();
  under.gain.value = underGain();
  under.connect(ctx.destination);
  step = 0;
  next = ctx.currentTime + 0.06;
  startLoop(next);
  timer = window.setInterval(schedule, LOOK_MS);
  schedule();
  showRunning(true);
}

function stop() {
  clearInterval(timer);
  timer = 0;
  stopLoop();
  under?.disconnect();
  under = null;
  showRunning(false);
  document.querySelectorAll(".step.now").forEach((one) => one.classList.remove("now"));
}

/** @param {boolean} on */
function showRunning(on) {
  button("run").setAttribute("aria-pressed", String(on));
  button("run").textContent = on ? "Stop" : "Start";
}

function schedule() {
  const ctx = audio();
  while (next < ctx.currentTime + AHEAD_S) {
    const sound = kick();
    if (sound && pattern.has(step)) start(sound, next, gainOf(sound));
    if (BASS.has(step)) bass(next);
    light(step, next - ctx.currentTime);
    next += 60 / input("tempo").valueAsNumber / 4;
    step = (step + 1) % STEPS;
  }
}

/** @param {number} which @param {number} delay */
function light(which, delay) {
  setTimeout(() => {
    if (!timer) return;
    document.querySelectorAll(".step").forEach((one, i) => one.classList.toggle("now", i === which));
  }, Math.max(0, 1000 * delay));
}

/** A plain bass: a saw an octave above what it is called, through a low-pass, with a sine below. @param {number} when */
function bass(when) {
  const what = select("under").value;
  if ((what !== "follow" && what !== "note") || !under) return;
  const ctx = audio();
  const own = state.sound?.card?.pitch_end_hz;
  const hz = what === "note" ? hzOf(Number(select("bass-note").value)) : typeof own === "number" ? own : PLAIN_HZ;
  const long = (60 / input("tempo").valueAsNumber / 4) * 1.8;
  const level = ctx.createGain();
  level.gain.setValueAtTime(0, when);
  level.gain.linearRampToValueAtTime(0.5, when + 0.008);
  level.gain.setTargetAtTime(0, when + long, 0.03);
  const low = ctx.createBiquadFilter();
  low.frequency.value = 420;
  low.connect(level).connect(under);
  for (const [type, ratio, gain] of /** @type {const} */ ([["sine", 1, 0.9], ["sawtooth", 2, 0.25]])) {
    const voice = ctx.createOscillator();
    voice.type = type;
    voice.frequency.value = hz * ratio;
    const share = ctx.createGain();
    share.gain.value = gain;
    voice.connect(share).connect(low);
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
