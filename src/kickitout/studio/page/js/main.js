/** The page: what happens when, and who is told. */

import { setUpAsk } from "./ask.js";
import { audio, awake, play, prepare, wake } from "./audio.js";
import { backend } from "./backend.js";
import { setUpContext } from "./context.js";
import { button, element, input, make, newest, select, trying, wrong } from "./dom.js";
import { paint as paintLook, setUpLook } from "./look.js";
import { AXES, KickMap } from "./map.js";
import { setUpMine } from "./mine.js";
import { state } from "./state.js";
import { setUpTabs } from "./tabs.js";
import { setUpTake } from "./take.js";
import { setUpTheme } from "./theme.js";
import { tile } from "./tiles.js";

/** @typedef {import("./types.js").Sound} Sound */

const AT_FIRST = 192; // kicks on the map
const AT_ONCE = 24; // in one answer
const WALK_MS = 130; // between two kicks of a walk that are heard
const AXES_KEY = "kickitout.axes";
const KICKS_KEY = "kickitout.kicks"; // how many are on the map, also after a reload

const map = new KickMap(element("map"), {
  option: element("map-option"),
  hover: (sound, since) => play(sound, { since }),
  select: (sound) => state.select(sound),
  walk: (sounds, weights, done) => walk(sounds, weights, done),
});

let heardAt = 0;
const walk = newest(async (/** @type {Sound[]} */ sounds, /** @type {number[]} */ weights, /** @type {boolean} */ done) => {
  const recipes = sounds.map((sound) => /** @type {any} */ (sound.recipe));
  const made = (await backend.blend(recipes, weights)).sounds[0];
  if (performance.now() - heardAt > WALK_MS || done) {
    play(made);
    heardAt = performance.now();
  }
  map.selected = made;
  map.draw();
  if (done) state.select(made);
});

// A direction from the kick one stands at, and how far to go -----------------------------------------------------------

let direction = 0; // a seed
/** @type {Sound | null} */
let origin = null; // where the direction begins

const go = newest(async (/** @type {boolean} */ fresh, /** @type {number} */ since) => {
  if (fresh || !origin || !state.sound) origin = state.sound?.recipe ? state.sound : origin;
  if (!origin?.recipe) throw new Error("Select a kick of the model first.");
  const from = origin;
  const here = state.sound;
  const made = (await backend.vary(origin.recipe, [direction], input("intensity").valueAsNumber)).sounds[0];
  if (state.sound !== here) return; // another kick was selected meanwhile
  play(made, { since });
  if (fresh) state.select(made, {});
  else state.amend(made, {});
  origin = from;
  arrived = made;
});
/** @type {Sound | null} */
let arrived = null; // where the direction led to

function newDirection() {
  direction = Math.floor(Math.random() * 2 ** 31);
  if (state.sound !== arrived) origin = null;
  go(true, performance.now());
}

// Favourites -----------------------------------------------------------------------------------------------------------

function showFavourites() {
  const kept = state.favourites.map((sound) => {
    const remove = make("button", { class: "drop-it", "aria-label": `Give up ${sound.name}`, title: "Give it up" }, "×");
    remove.addEventListener("click", () => state.toggleFavourite(sound));
    return make("div", { class: "held" }, tile(sound, (chosen) => state.select(chosen)), remove);
  });
  const none = make("span", { class: "none" }, "Favourites: press the star, or F, and a kick stays here.");
  element("favourites").replaceChildren(...(kept.length ? kept : [none]));
  map.draw();
}

function showSelected() {
  const sound = state.sound;
  if (!sound) return;
  map.selected = sound;
  map.draw();
  button("undo").disabled = state.at <= 0;
  button("redo").disabled = state.at >= state.steps.length - 1;
  const kept = state.keeps(sound);
  button("favourite").setAttribute("aria-pressed", String(kept));
  button("favourite").disabled = !sound.recipe;
}

function playSelected(/** @type {number} */ since) {
  if (state.sound) play(state.sound, { since });
}

function setUpControls() {
  const axes = stored(AXES_KEY) ?? {};
  for (const side of /** @type {const} */ (["x", "y", "colour"])) {
    const choice = select(`axis-${side}`);
    choice.append(...AXES.map(({ name }) => make("option", { value: name }, name)));
    choice.value = axes[side] ?? map.axes[side].name;
    const pick = () => {
      map.axes[side] = AXES.find(({ name }) => name === choice.value) ?? map.axes[side];
      map.trail = [];
      map.rescale();
    };
    pick();
    choice.addEventListener("change", () => {
      pick();
      store(AXES_KEY, JSON.stringify({ x: map.axes.x.name, y: map.axes.y.name, colour: map.axes.colour.name }));
    });
  }
  button("play").addEventListener("click", (event) => playSelected(event.timeStamp));
  document.addEventListener("kick-sound", () => {
    const light = button("play");
    light.classList.remove("on");
    requestAnimationFrame(() => light.classList.add("on"));
  });
  button("undo").addEventListener("click", () => state.move(-1));
  button("redo").addEventListener("click", () => state.move(1));
  state.on("moved", () => playSelected(performance.now()));
  button("favourite").addEventListener("click", () => state.sound && state.toggleFavourite(state.sound));
  button("new-direction").addEventListener("click", newDirection);
  const intensity = input("intensity");
  intensity.addEventListener("input", (event) => {
    element("intensity-value").textContent = intensity.valueAsNumber.toFixed(2);
    if (arrived && state.sound === arrived) go(false, event.timeStamp);
  });
  button("more").addEventListener("click", trying(async () => {
    await fill(map.sounds.length + AT_FIRST / 2);
    store(KICKS_KEY, String(map.sounds.length));
  }));
  addEventListener("keydown", shortcut);
  for (const kind of ["pointerdown", "keydown"]) addEventListener(kind, wake, { capture: true });
}

/** @param {KeyboardEvent} event */
function shortcut(event) {
  const target = /** @type {HTMLElement} */ (event.target);
  const typing = target instanceof HTMLInputElement && ["text", "number"].includes(target.type);
  if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "z" && !typing) {
    event.preventDefault();
    state.move(event.shiftKey ? 1 : -1);
  }
  if (event.ctrlKey || event.metaKey || event.altKey || typing || target.closest("select")) return;
  if (event.key === " " && !target.closest("button, a, input, summary, [role=tab]")) {
    event.preventDefault();
    playSelected(event.timeStamp);
  }
  if (event.key === "n") newDirection();
  if (event.key === "r") button("reroll").click();
  if (event.key === "f" && state.sound) state.toggleFavourite(state.sound);
}

/** @param {string} key */
function stored(key) {
  try {
    return JSON.parse(localStorage.getItem(key) ?? "null");
  } catch {
    return null;
  }
}

/** @param {string} key @param {string} value */
function store(key, value) {
  try {
    localStorage.setItem(key, value);
  } catch {
    // a private window keeps nothing
  }
}

/** Fill the map, a few kicks at a time, so that the first ones are there at once. @param {number} until */
async function fill(until) {
  while (map.sounds.length < until) {
    const first = map.sounds.length;
    const { sounds } = await backend.map(first, Math.min(AT_ONCE, until - first));
    sounds.forEach(prepare);
    if (!sounds.length) {
      button("more").disabled = true; // an exported site has the cards of so many
      break;
    }
    map.add(sounds);
    element("count").textContent = `${map.sounds.length} kicks`;
    if (!state.sound) state.select(sounds[0]);
  }
}

async function begin() {
  setUpTheme(() => {
    map.draw();
    paintLook();
    document.querySelectorAll(".tile").forEach((one) => one.dispatchEvent(new Event("kick-paint")));
  });
  setUpTabs();
  setUpControls();
  setUpContext();
  const [about, firstKick] = await Promise.all([backend.about(), backend.map(0, 1)]);
  state.digest = about.model.sha256;
  const learned = about.model.kicks ? `, learned from ${about.model.kicks} kicks` : "";
  element("model").textContent = `${about.model.name}${learned}`;
  setUpLook(about);
  setUpAsk(about);
  setUpMine(about);
  setUpTake(about);
  button("new-direction").disabled = input("intensity").disabled = !about.turnable;
  map.keepsKick = (sound) => state.keeps(sound);
  state.on("selected", showSelected);
  state.on("favourites", () => {
    showFavourites();
    showSelected();
  });
  showFavourites();
  firstKick.sounds.forEach(prepare);
  map.add(firstKick.sounds);
  state.select(firstKick.sounds[0]);
  document.documentElement.dataset.ready = "first";
  const hint = () => (element("hint").hidden = awake());
  audio().addEventListener("statechange", hint);
  hint();
  const kept = state.stored();
  if (kept.length) await backend.play(kept).then(({ sounds }) => {
    state.favourites = sounds;
    showFavourites();
  }, wrong); // what was kept and cannot be played any more does not keep the map away
  await fill(Number(stored(KICKS_KEY)) || AT_FIRST);
  document.documentElement.dataset.ready = "all";
}

begin().catch(wrong);
