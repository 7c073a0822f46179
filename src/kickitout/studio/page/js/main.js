/** The page: what happens when, and who is told. */

import { setUpAll } from "./all.js";
import { paint as paintAnalysis, setUpAnalysis } from "./analysis.js";
import { audio, awake, play, prepare, wake } from "./audio.js";
import { AXES } from "./axes.js";
import { backend } from "./backend.js";
import { nextStep, setUpBeat } from "./beat.js";
import { setUpCompare } from "./compare.js";
import { analysisCame, setUpDrawing } from "./draw-curves.js";
import { button, element, input, make, newest, right, select, trying, typing, wrong } from "./dom.js";
import { filter, isShown, setUpFind } from "./find.js";
import { offerStyles, setUpFit } from "./fit.js";
import { keep, keptData } from "./kept.js";
import { setUpList, show as showList } from "./list.js";
import { KickMap } from "./map.js";
import { setUpMine } from "./mine.js";
import { setUpPads } from "./pads.js";
import { keepInSession, resumeSession, setUpSession } from "./session.js";
import { same, state } from "./state.js";
import { setUpTabs } from "./tabs.js";
import { setUpTake } from "./take.js";
import { setUpTargets } from "./targets.js";
import { setUpTheme } from "./theme.js";
import { tile } from "./tiles.js";
import { setUpUnder } from "./under.js";
import { setUpWaveform, paint as paintWaveform } from "./waveform.js";
import { count } from "./words.js";

/** @typedef {import("./types.js").Sound} Sound */

const AT_FIRST = 192; // kicks on the map
const AT_ONCE = 24; // in one reply
const MOST_KICKS = 9984; // that a session brings onto the map
const WALK_MS = 130; // between two kicks of a walk that are played
const AXES_KEY = "kickitout.axes";
const KICKS_KEY = "kickitout.kicks"; // how many are on the map, also after a reload

const map = new KickMap(element("map"), {
  option: element("map-option"),
  hover: (sound, since) => play(sound, { since }),
  select: (sound) => state.select(sound),
  walk: (sounds, weights, done) => walk(sounds, weights, done),
});

let playedAt = 0;
const walk = newest(async (/** @type {Sound[]} */ sounds, /** @type {number[]} */ weights, /** @type {boolean} */ done) => {
  const recipes = sounds.map((sound) => /** @type {any} */ (sound.recipe));
  const made = (await backend.blend(recipes, weights)).sounds[0];
  if (performance.now() - playedAt > WALK_MS || done) {
    play(made);
    playedAt = performance.now();
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
    remove.addEventListener("click", trying(() => state.toggleFavourite(sound)));
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

const favour = trying(() => {
  if (state.sound) state.toggleFavourite(state.sound);
});

const recall = () => state.recall(async (recipes) => (await backend.render(recipes)).sounds).catch(wrong);

function setUpControls() {
  const axes = keptData(AXES_KEY) ?? {};
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
      keep(AXES_KEY, JSON.stringify({ x: map.axes.x.name, y: map.axes.y.name, colour: map.axes.colour.name }));
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
  button("favourite").addEventListener("click", favour);
  button("new-direction").addEventListener("click", newDirection);
  const intensity = input("intensity");
  intensity.addEventListener("input", (event) => {
    element("intensity-value").textContent = intensity.valueAsNumber.toFixed(2);
    if (arrived && state.sound === arrived) go(false, event.timeStamp);
  });
  button("more").addEventListener("click", trying(async () => {
    await fillTo(map.sounds.length + AT_FIRST / 2);
    remember();
  }));
  addEventListener("keydown", space, { capture: true });
  addEventListener("keyup", (event) => event.key === " " && !keepsSpace(event.target) && event.preventDefault(), { capture: true });
  addEventListener("keydown", (event) => event.key === "Tab" && (tabbed = true), { capture: true });
  addEventListener("pointerdown", () => (tabbed = false), { capture: true });
  addEventListener("keydown", shortcut);
  for (const kind of ["pointerdown", "keydown"]) addEventListener(kind, wake, { capture: true });
  addEventListener("storage", (event) => {
    if (event.key === state.shelf || event.key === null) void recall(); // another tab has kept a kick, or given one up
  });
}

let tabbed = false; // whether the focus was moved with the keyboard: who does so presses buttons with Space

/** Whether Space belongs to what has the focus: a field to type in, a box to tick, a button that was reached with Tab. @param {EventTarget | null} target */
function keepsSpace(target) {
  if (!(target instanceof Element)) return false;
  if (target.closest("[role=grid] tr, input[type=text], input[type=number], input[type=checkbox], input[type=file], select, textarea")) return true;
  return tabbed && target.closest("button, a, summary, [role=tab]") !== null;
}

/** Space plays, whatever the pointer or the map does. @param {KeyboardEvent} event */
function space(event) {
  if (event.key !== " " || event.ctrlKey || event.metaKey || event.altKey || keepsSpace(event.target)) return;
  event.preventDefault(); // neither a click on the button that was pressed last nor a page further down
  event.stopPropagation();
  if (!event.repeat) playSelected(event.timeStamp);
}

/** @param {KeyboardEvent} event */
function shortcut(event) {
  if (typing(event.target)) return;
  if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "z") {
    event.preventDefault();
    state.move(event.shiftKey ? 1 : -1);
  }
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "n") newDirection();
  if (event.key === "r") button("reroll").click();
  if (event.key === "f") favour();
}

let filling = Promise.resolve(); // one at a time, lest a kick comes twice

let wanted = 0; // kicks on the map, once it is full

/** @param {number} until */
const fillTo = (until) => (filling = filling.catch(() => {}).then(() => fill((wanted = Math.max(wanted, until)))));
const remember = () => keep(KICKS_KEY, String(map.sounds.length));

/** The map in the session: how many kicks, and what its axes are. */
const mapInSession = {
  save: () => ({ kicks: map.sounds.length, x: map.axes.x.name, y: map.axes.y.name, colour: map.axes.colour.name }),
  from: (/** @type {any} */ data) => {
    const named = [data?.x, data?.y, data?.colour].every((name) => AXES.some((axis) => axis.name === name));
    return named && Number.isInteger(data.kicks) && data.kicks <= MOST_KICKS ? data : null;
  },
  open: (/** @type {any} */ own) => {
    for (const side of ["x", "y", "colour"]) {
      select(`axis-${side}`).value = own[side];
      select(`axis-${side}`).dispatchEvent(new Event("change"));
    }
    void fillTo(own.kicks).then(remember, wrong); // those that are there stay
  },
  keptElsewhere: true,
};

let style = ""; // within which the kicks of the map are drawn
let emptied = 0; // times that the map was, for kicks of another style

/** Fill the map with kicks of a style, or of all. @param {string} name */
async function fillWith(name) {
  style = name;
  emptied += 1;
  map.sounds = [];
  filter(); // of those that were there none is to be seen
  await fillTo(Math.max(wanted, AT_ONCE)); // also where it was not full yet
}

/** Fill the map, a few kicks at a time, so that the first ones are there at once. @param {number} until */
async function fill(until) {
  const opening = state.steps[0]?.sound; // is a kick of the map, too
  const before = emptied;
  while (map.sounds.length < until) {
    const first = map.sounds.length;
    const { sounds } = await backend.map(first, Math.min(AT_ONCE, until - first), style);
    if (before !== emptied) return; // another one was chosen meanwhile
    sounds.forEach(prepare);
    if (!sounds.length) {
      button("more").disabled = true; // an exported site has the cards of so many
      break;
    }
    map.add(sounds.map((sound) => (opening && same(sound.recipe, opening.recipe) ? opening : sound)));
    filter();
    if (!state.sound) state.select(sounds[0]);
  }
}

async function begin() {
  setUpTheme(() => {
    map.draw();
    paintAnalysis();
    paintWaveform();
    document.querySelectorAll(".tile").forEach((one) => one.dispatchEvent(new Event("kick-paint")));
  });
  setUpTabs();
  setUpControls();
  setUpCompare();
  setUpUnder(nextStep);
  setUpBeat();
  setUpPads();
  setUpFit();
  const { sounds: [firstKick], head } = await backend.opening();
  /** @type {import("./types.js").About} */
  const about = head.about;
  state.digest = about.model.sha256;
  const learned = about.model.kicks ? `, learned from ${count(about.model.kicks, "kick")}` : "";
  element("model").textContent = `${about.model.name}${learned}`;
  setUpAnalysis(about, analysisCame);
  setUpDrawing(about);
  setUpTargets(about);
  offerStyles(about);
  setUpMine(about);
  setUpTake(about);
  setUpAll(about);
  setUpWaveform();
  setUpList();
  const shown = () => {
    map.draw();
    showList();
  };
  setUpFind(about, { sounds: () => map.sounds, changed: shown, style: fillWith });
  map.shows = isShown;
  button("new-direction").disabled = input("intensity").disabled = !about.has_latent;
  map.keepsKick = (sound) => state.keeps(sound);
  state.on("selected", showSelected);
  state.on("selected", right);
  state.on("favourites", () => {
    showFavourites();
    showSelected();
  });
  showFavourites();
  prepare(firstKick);
  setUpSession(about);
  keepInSession("map", mapInSession);
  const trouble = await resumeSession(firstKick);
  if (trouble) wrong(trouble);
  document.documentElement.dataset.ready = "first";
  element("tab-train").hidden = about.without?.includes("training") ?? false;
  if (!element("tab-train").hidden) import("./train.js").then(({ setUpTraining }) => setUpTraining()).catch(wrong);
  const hint = () => (element("hint").hidden = awake());
  audio().addEventListener("statechange", hint);
  hint();
  await recall(); // what was kept and cannot be played any more does not keep the map away
  await fillTo(Number(keptData(KICKS_KEY)) || AT_FIRST);
  document.documentElement.dataset.ready = "all";
}

begin().catch((error) => {
  if (!state.sound) element("model").textContent = ""; // it is not read any more
  wrong(error);
});
