/** Eight pads, for the keys 1 to 8, a MIDI device, a mouse or a finger. */

import { audio, fade, start, tellOfSound } from "./audio.js";
import { button, element, input, make, right, select, trying, typing, wrong } from "./dom.js";
import { CHOKED, DRUMS, drumSound } from "./drums.js";
import { Midi } from "./midi.js";
import { isRecipe, keepInSession } from "./session.js";
import { state } from "./state.js";
import { prepareStrokes, strokeOf } from "./strokes.js";
import { inWords, midiName } from "./words.js";
import { Wrong } from "./wrong.js";

/** @typedef {import("./types.js").Sound} Sound */
/** @typedef {import("./drums.js").Drum} Drum */
/** @typedef {"selected" | "kick" | "nothing" | Drum} Plays  kick: one that was put on the pad */
/** @typedef {{plays: Plays, kick: Sound | null, note: number}} Pad  note: the MIDI key that it answers to */
/** @typedef {{face: HTMLButtonElement, title: HTMLElement, voice: import("./audio.js").Voice | null, robin: number}} Face */

const FIRST_NOTE = 36; // the key of kick drums in General MIDI, and of the first pad of most pad controllers
const KEY_VELOCITY = 112; // of a key, which cannot say how hard it was struck
const SOFT_VELOCITY = 56; // with Shift
const [LEAST_POINTER, MOST_POINTER] = [32, 127]; // velocities at the top and at the bottom of a pad
const REST_MS = 300; // strokes of a kick that has been selected for so long are made ready

/** @type {Pad[]} */
const pads = ["selected", "nothing", "snare", "nothing", "nothing", "nothing", "closed hat", "open hat"].map((plays, i) => ({
  plays: /** @type {Plays} */ (plays),
  kick: null,
  note: FIRST_NOTE + i,
}));
/** @type {Face[]} */
let faces = [];
let chosen = 0; // the pad whose settings are shown
let learning = false; // the next MIDI key becomes the chosen pad's
let resting = 0;
let used = false; // whether somebody plays: nothing is made ready before
/** @type {Map<number, number>} MIDI key -> the pad that it struck: its key may be another one when it is let go */
const held = new Map();

const midi = new Midi({
  struck: (note, velocity, since) => {
    if (learning) learn(note);
    const which = pads.findIndex((pad) => pad.note === note);
    held.set(note, which);
    if (which >= 0) strike(which, velocity, since);
    else element("midi-said").textContent = `Key ${note} (${midiName(note)}) has no pad: choose one and press Learn.`;
  },
  released: (note) => release(held.get(note) ?? -1),
  present: (names) => {
    element("midi-said").textContent = names.length ? names.join(", ") : "No MIDI device is there; plug one in, and it plays.";
  },
  gone: (name) => wrong(new Wrong(`${name} has gone; plug it in again, and it plays on.`)),
});

export function setUpPads() {
  faces = pads.map((_, i) => {
    const title = make("span", {});
    const face = make("button", { class: "pad", title: "Lower on the pad is harder" }, make("kbd", {}, String(i + 1)), " ", title);
    face.addEventListener("pointerdown", (event) => {
      const box = face.getBoundingClientRect();
      const share = Math.min(Math.max((event.clientY - box.top) / box.height, 0), 1);
      strike(i, LEAST_POINTER + share * (MOST_POINTER - LEAST_POINTER), event.timeStamp);
    });
    for (const kind of ["pointerup", "pointerleave", "pointercancel"]) face.addEventListener(kind, () => release(i));
    face.addEventListener("click", (event) => {
      if (event.detail === 0) strike(i, KEY_VELOCITY, event.timeStamp); // Enter or Space
      release(i);
    });
    face.addEventListener("focus", () => choose(i));
    return { face, title, voice: null, robin: 0 };
  });
  element("pads").append(...faces.map(({ face }) => face));
  const later = window.requestIdleCallback ?? setTimeout; // Safari has none
  for (const drum of DRUMS) later(() => drumSound(drum)); // nor does its first stroke wait
  addEventListener("keydown", key);
  addEventListener("keyup", (event) => release(numberOf(event)));
  addEventListener("blur", () => faces.forEach((_, i) => release(i)));
  select("pad-plays").addEventListener("change", trying(pick));
  button("pad-here").addEventListener("click", trying(() => put(chosen, state.sound)));
  const note = input("pad-note");
  note.addEventListener("change", trying(() => setNote(note.valueAsNumber)));
  button("pad-learn").addEventListener("click", trying(() => listen(!learning)));
  input("pad-keys").addEventListener("change", () => state.tell("session"));
  button("midi").addEventListener("click", trying(() => midi.connect()));
  state.on("selected", show);
  state.on("selected", rest);
  element("tab-beat").addEventListener("click", rest);
  state.on("favourites", show);
  keepInSession("pads", { save, from: padsFrom, recipes: ({ pads: own }) => own.flatMap(({ recipe }) => recipe ?? []), open });
  show();
  void Midi.allowed().then((allowed) => (allowed ? midi.connect() : undefined)).catch(wrong);
}

/** Somebody may play soon: make all strokes ready, once the selected kick stays. */
function rest() {
  used ||= !element("beat").hidden;
  clearTimeout(resting);
  if (used) resting = window.setTimeout(ready, REST_MS);
}

/** @typedef {{keys: boolean, pads: {plays: Plays, recipe: import("./types.js").Recipe | null, note: number}[]}} Saved */

/** @returns {Saved} */
const save = () => ({ keys: input("pad-keys").checked, pads: pads.map(({ plays, kick, note }) => ({ plays, recipe: kick?.recipe ?? null, note })) });

/** @param {any} data @returns {Saved | null} */
function padsFrom(data) {
  const known = ["selected", "kick", "nothing", ...DRUMS];
  const whole = (/** @type {any} */ pad) =>
    known.includes(pad?.plays) && Number.isInteger(pad.note) && pad.note >= 0 && pad.note <= 127 && (isRecipe(pad.recipe) || (pad.recipe === null && pad.plays !== "kick"));
  return typeof data?.keys === "boolean" && Array.isArray(data.pads) && data.pads.length === pads.length && data.pads.every(whole) ? data : null;
}

/** @param {Saved} own @param {import("./session.js").Render} sound */
function open({ keys, pads: saved }, sound) {
  input("pad-keys").checked = keys;
  saved.forEach(({ plays, recipe, note }, i) => (pads[i] = { plays, kick: recipe && sound(recipe), note }));
  show();
  rest();
}

/** Play a pad. @param {number} which @param {number} velocity 1 to 127 @param {number} since the time stamp of what did it */
export function strike(which, velocity, since) {
  used = true;
  const face = faces[which];
  const sound = soundOf(pads[which]);
  face.face.classList.add("down");
  if (!sound) return;
  const now = audio().currentTime;
  const stroke = strokeOf(sound, Math.round(velocity), face.robin++);
  for (const [i, other] of faces.entries()) if (i === which || pads[i].plays === CHOKED.get(pads[which].plays)) silence(other);
  face.voice = start(stroke.buffer, now, stroke.gain, stroke.rate);
  tellOfSound(sound.name, since);
}

/** @param {Face} face */
function silence(face) {
  if (face.voice) fade(face.voice);
  face.voice = null;
}

/** A pad is let go: one-shots ring on. @param {number} which */
const release = (which) => faces[which]?.face.classList.remove("down");

/** @param {Pad} pad @returns {Sound | null} */
function soundOf({ plays, kick }) {
  if (plays === "selected") return state.sound;
  return plays === "kick" ? kick : plays === "nothing" ? null : drumSound(plays);
}

/** The pad of a key, counted from 0; -1 for any other. By where the key is: Shift and other layouts change what it writes. @param {KeyboardEvent} event */
const numberOf = ({ code }) => (/^(Digit|Numpad)[1-8]$/.test(code) ? Number(code.at(-1)) - 1 : -1);

/** @param {KeyboardEvent} event */
function key(event) {
  const which = event.key.startsWith("Arrow") || event.key === "Home" || event.key === "End" ? -1 : numberOf(event); // without Num Lock
  if (which < 0 || event.repeat || event.ctrlKey || event.metaKey || event.altKey || typing(event.target) || !input("pad-keys").checked) return;
  strike(which, event.shiftKey ? SOFT_VELOCITY : KEY_VELOCITY, event.timeStamp);
}

// What a pad plays, and what plays it ----------------------------------------------------------------------------------

/** @param {number} which */
function choose(which) {
  if (which === chosen) return;
  chosen = which;
  learning = false;
  show();
}

function pick() {
  const value = select("pad-plays").value;
  if (value.startsWith("favourite ")) return put(chosen, state.favourites[Number(value.slice(10))]);
  pads[chosen].plays = /** @type {Plays} */ (value);
  show();
  state.tell("session");
}

/** Put a kick on a pad. @param {number} which @param {Sound | null} sound */
function put(which, sound) {
  if (!sound?.recipe) throw new Wrong("Select a kick of the model first: your own sound plays where a pad plays what is selected.");
  pads[which] = { ...pads[which], plays: "kick", kick: sound };
  show();
  rest();
  state.tell("session");
}

/** @param {number} note */
function setNote(note) {
  if (!Number.isInteger(note) || note < 0 || note > 127) throw new Wrong("key: a whole number from 0 to 127 works; 36 is that of kick drums.");
  for (const pad of pads) if (pad.note === note) pad.note = pads[chosen].note; // no key plays two pads
  pads[chosen].note = note;
  show();
  state.tell("session");
}

/** @param {boolean} on */
async function listen(on) {
  if (on) await midi.connect();
  learning = on;
  show();
  if (on) element("midi-said").textContent = `Strike the key that is to play pad ${chosen + 1}.`;
}

/** @param {number} note */
function learn(note) {
  learning = false;
  setNote(note);
  right();
  element("midi-said").textContent = `Key ${note} (${midiName(note)}) plays pad ${chosen + 1}.`;
}

/** @param {Pad} pad */
function nameOf({ plays, kick }) {
  if (plays === "nothing") return "empty";
  return plays === "kick" && kick ? inWords(kick).title : plays;
}

function show() {
  pads.forEach((pad, i) => {
    const { face, title } = faces[i];
    title.textContent = nameOf(pad);
    face.toggleAttribute("data-chosen", i === chosen);
  });
  const pad = pads[chosen];
  element("pad-number").textContent = String(chosen + 1);
  const choices = [["selected", "the selected kick"], ...DRUMS.map((drum) => [drum, drum]), ["nothing", "nothing"]];
  if (pad.kick) choices.unshift(["kick", inWords(pad.kick).title]);
  choices.push(...state.favourites.map((kept, i) => [`favourite ${i}`, `favourite: ${inWords(kept).title}`]));
  select("pad-plays").replaceChildren(...choices.map(([value, text]) => make("option", { value }, text)));
  select("pad-plays").value = pad.plays;
  if (document.activeElement !== input("pad-note")) input("pad-note").value = String(pad.note);
  button("pad-learn").setAttribute("aria-pressed", String(learning));
}

/** Make the strokes of all pads ready, those of the selected kick first. */
function ready() {
  for (const pad of [...pads].reverse()) {
    const sound = soundOf(pad);
    if (sound) void prepareStrokes(sound);
  }
}
