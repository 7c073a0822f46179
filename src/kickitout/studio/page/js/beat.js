/** The pattern on the page: its steps, its tempo and its swing; and how it sounds. */

import { audio, fade, start } from "./audio.js";
import { chosenKick, gainOf } from "./compare.js";
import { button, element, input, make, select, trying, typing } from "./dom.js";
import { CHOKED, drumSound } from "./drums.js";
import { CEILING_TEXT, FIRST_DB, onLimiting, outputOf, setLevel } from "./master.js";
import { BAR, clampBpm, firstPattern, LEAST_BPM, MOST_BPM, nextVelocity, patternFrom, SOFT, stepSeconds, stepsOf, TRACKS } from "./pattern.js";
import { keepInSession } from "./session.js";
import { state } from "./state.js";
import { strokeOf } from "./strokes.js";
import { TapTempo } from "./tap.js";
import { Transport } from "./transport.js";
import { beginUnder, endUnder, playUnder } from "./under.js";
import { quantity } from "./words.js";
import { Wrong } from "./wrong.js";

/** @typedef {import("./pattern.js").Track} Track */
/** @typedef {import("./audio.js").Voice & {when: number}} Played */

/** @type {import("./pattern.js").Pattern} */
let pattern = firstPattern();
let bar = 0; // which one is shown
let robin = 0;
const taps = new TapTempo();
/** @type {Map<string, Played>} the last stroke of each track */
const playing = new Map();
/** @type {Played[]} strokes that were handed over and do not sound yet */
let queued = [];
/** @type {Record<Track, HTMLButtonElement[]>} */
const cells = { kick: [], snare: [], "closed hat": [], "open hat": [] };
/** @type {Record<Track, HTMLButtonElement>} */
const mutes = /** @type {any} */ ({});

const transport = new Transport({
  count: () => stepsOf(pattern),
  seconds: (step) => stepSeconds(pattern, step),
  begin: beginUnder,
  play: (step, when) => {
    for (const track of TRACKS) strike(track, pattern.lines[track].muted ? 0 : pattern.lines[track].velocities[step], when);
    playUnder(step, when, 60 / pattern.bpm / 4);
    light(step, when);
  },
  end: () => {
    endUnder();
    for (const { source } of waiting()) source.stop();
    queued = [];
    playing.clear();
  },
});

/** When the next step of the running pattern sounds. */
export const nextStep = () => transport.next;

export function setUpBeat() {
  element("steps").append(...TRACKS.map(addTrack));
  element("steps").addEventListener("keydown", walk);
  button("run").addEventListener("click", toggle);
  const tempo = input("tempo");
  [tempo.min, tempo.max] = [String(LEAST_BPM), String(MOST_BPM)];
  tempo.addEventListener("input", () => inTempo(tempo.valueAsNumber) && change({ bpm: clampBpm(tempo.valueAsNumber) }));
  tempo.addEventListener("change", trying(() => {
    const wanted = tempo.valueAsNumber;
    show();
    if (!inTempo(wanted)) throw new Wrong(`tempo: ${LEAST_BPM} to ${MOST_BPM} beats a minute work.`);
  }));
  button("tap").addEventListener("pointerdown", (event) => tap(event.timeStamp));
  button("tap").addEventListener("click", (event) => event.detail === 0 && tap(event.timeStamp)); // Enter or Space
  addEventListener("keydown", (event) => {
    if (event.key.toLowerCase() !== "t" || event.repeat || event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
    tap(event.timeStamp);
  });
  const swing = input("swing");
  swing.addEventListener("input", () => change({ swing: swing.valueAsNumber }));
  select("bars").addEventListener("change", () => change({ bars: Number(select("bars").value) }));
  button("other-bar").addEventListener("click", () => {
    bar = 1 - bar;
    show();
  });
  const level = input("level");
  level.addEventListener("input", () => {
    setLevel(audio(), level.valueAsNumber);
    show();
  });
  level.addEventListener("change", () => state.tell("session"));
  level.value = String(FIRST_DB);
  level.title = `Of all that this page plays; the limiter behind it holds ${CEILING_TEXT}`;
  onLimiting((text) => (element("limiter-said").textContent = text));
  outputOf(audio());
  keepInSession("pattern", { save: () => pattern, from: patternFrom, open: change });
  keepInSession("level_db", {
    save: () => level.valueAsNumber,
    from: (db) => (typeof db === "number" && db >= Number(level.min) && db <= Number(level.max) ? db : null),
    open: (db) => {
      level.value = String(db);
      setLevel(audio(), db);
      show();
    },
  });
  show();
}

const inTempo = (/** @type {number} */ bpm) => bpm >= LEAST_BPM && bpm <= MOST_BPM;

function toggle() {
  if (transport.running) transport.stop();
  else transport.run();
  show();
  document.querySelectorAll(".step.now").forEach((one) => one.classList.remove("now"));
}

/** @param {number} since */
function tap(since) {
  const bpm = taps.tap(since);
  if (bpm) change({ bpm });
}

/** @param {Partial<import("./pattern.js").Pattern>} by */
function change(by) {
  pattern = { ...pattern, ...by };
  if (bar >= pattern.bars) bar = 0;
  show();
  state.tell("session");
}

/** @param {Track} track @param {number} velocity @param {number} when */
function strike(track, velocity, when) {
  const sound = track === "kick" ? chosenKick() : drumSound(track);
  if (!velocity || !sound) return;
  const { buffer, gain, rate } = strokeOf(sound, velocity, robin++);
  for (const other of [track, CHOKED.get(track) ?? ""]) {
    const before = playing.get(other);
    if (before) fade(before, when);
  }
  const voice = { ...start(buffer, when, gain * (track === "kick" ? gainOf(sound) : 1), rate), when };
  playing.set(track, voice);
  queued = [...waiting(), voice];
}

const waiting = () => queued.filter(({ when }) => when > audio().currentTime);

/** @param {number} step @param {number} when */
function light(step, when) {
  setTimeout(() => {
    if (!transport.running) return;
    for (const track of TRACKS) cells[track].forEach((cell, i) => cell.classList.toggle("now", i + bar * BAR === step));
  }, Math.max(0, 1000 * (when - audio().currentTime)));
}

// The steps ------------------------------------------------------------------------------------------------------------

/** @param {Track} track */
function addTrack(track) {
  const mute = make("button", { class: "mute", title: "Mute or play this track", "aria-label": `${track} track` }, track);
  mute.addEventListener("click", () => {
    const own = pattern.lines[track];
    change({ lines: { ...pattern.lines, [track]: { ...own, muted: !own.muted } } });
  });
  mutes[track] = mute;
  cells[track] = Array.from({ length: BAR }, (_, i) => {
    const cell = make("button", { class: "step", "data-track": track, tabindex: track === "kick" && i === 0 ? "0" : "-1" });
    cell.addEventListener("click", () => turn(track, i));
    cell.addEventListener("focus", () => {
      for (const other of TRACKS) for (const one of cells[other]) one.tabIndex = one === cell ? 0 : -1; // one stop for Tab
    });
    return cell;
  });
  return make("div", { class: "track", role: "group", "aria-label": track }, mute, make("div", { class: "cells" }, ...cells[track]));
}

/** @param {Track} track @param {number} i of the bar that is shown */
function turn(track, i) {
  const own = pattern.lines[track];
  const velocities = own.velocities.map((velocity, step) => (step === i + bar * BAR ? nextVelocity(velocity) : velocity));
  change({ lines: { ...pattern.lines, [track]: { ...own, velocities } } });
}

/** Arrow keys go from step to step. @param {KeyboardEvent} event */
function walk(event) {
  const row = TRACKS.findIndex((track) => cells[track].includes(/** @type {any} */ (event.target)));
  const way = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[event.key];
  if (row < 0 || !way) return;
  event.preventDefault();
  const column = cells[TRACKS[row]].indexOf(/** @type {any} */ (event.target));
  cells[TRACKS[(row + way[0] + TRACKS.length) % TRACKS.length]][(column + way[1] + BAR) % BAR].focus();
}

function show() {
  button("run").setAttribute("aria-pressed", String(transport.running));
  button("run").textContent = transport.running ? "Stop" : "Start";
  if (document.activeElement !== input("tempo") || !inTempo(input("tempo").valueAsNumber)) input("tempo").value = String(pattern.bpm);
  input("swing").value = String(pattern.swing);
  element("swing-value").textContent = `${pattern.swing} %`;
  element("level-value").textContent = quantity(input("level").valueAsNumber, "dB").replace(".0", "");
  select("bars").value = String(pattern.bars);
  button("other-bar").hidden = pattern.bars === 1;
  button("other-bar").textContent = `Bar ${bar + 1}`;
  button("other-bar").setAttribute("aria-label", `Bar ${bar + 1} is shown: show the other one`);
  for (const track of TRACKS) {
    const { velocities, muted } = pattern.lines[track];
    mutes[track].setAttribute("aria-pressed", String(!muted));
    cells[track].forEach((cell, i) => {
      const velocity = velocities[i + bar * BAR];
      cell.setAttribute("aria-pressed", velocity ? "true" : "false");
      cell.toggleAttribute("data-soft", velocity === SOFT);
      cell.setAttribute("aria-label", `${track}, step ${i + 1 + bar * BAR}${velocity === SOFT ? ", soft" : ""}`);
    });
  }
}
