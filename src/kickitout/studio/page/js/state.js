/** What is selected, what was before, and what is kept. Nothing is on the server: a kick is its recipe. */

import { upgradedRecipe } from "./file.js";
import { keep, keptData } from "./kept.js";
import { Wrong } from "./wrong.js";

/** @typedef {import("./types.js").Sound} Sound */
/** @typedef {import("./types.js").Recipe} Recipe */
/** @typedef {{sound: Sound, targets: Record<string, number>}} Step  targets: the locked controls and their values */

const MOST_STEPS = 200;
export const MOST_FAVOURITES = 64;

/** @typedef {"selected" | "favourites" | "moved" | "session"} Happening  session: something else has changed that is kept */

class State {
  constructor() {
    /** @type {Step[]} */
    this.steps = [];
    this.at = -1;
    /** @type {Sound[]} */
    this.favourites = [];
    this.digest = "";
    /** @type {Map<Happening, Set<() => void>>} */
    this.listeners = new Map();
  }

  /** @param {Happening} happening @param {() => void} react */
  on(happening, react) {
    if (!this.listeners.has(happening)) this.listeners.set(happening, new Set());
    this.listeners.get(happening)?.add(react);
  }

  /** @param {Happening} happening */
  tell(happening) {
    this.listeners.get(happening)?.forEach((react) => react());
  }

  /** @returns {Sound | null} */
  get sound() {
    return this.steps[this.at]?.sound ?? null;
  }

  get targets() {
    return this.steps[this.at]?.targets ?? {};
  }

  /**
   * Select a kick, as a new step of the history.
   * @param {Sound} sound
   * @param {Record<string, number>} [targets]
   */
  select(sound, targets = sound.recipe?.targets ?? {}) {
    this.steps = [...this.steps.slice(0, this.at + 1), { sound, targets }].slice(-MOST_STEPS);
    this.at = this.steps.length - 1;
    this.tell("selected");
  }

  /** Replace what is selected while a control moves: no step of its own. @param {Sound} sound @param {Record<string, number>} targets */
  amend(sound, targets) {
    this.steps[this.at] = { sound, targets };
    this.tell("selected");
  }

  /** @param {number} by -1: undo, 1: redo */
  move(by) {
    const to = this.at + by;
    if (!this.steps[to]) return;
    this.at = to;
    this.tell("selected");
    this.tell("moved");
  }

  // Favourites -------------------------------------------------------------------------------------------------------

  get shelf() {
    return `kickitout.favourites.${this.digest.slice(0, 16)}`;
  }

  /** @param {Sound} sound */
  keeps(sound) {
    return this.favourites.some((kept) => same(kept.recipe, sound.recipe));
  }

  /** Keep a kick, or give it up. @param {Sound} sound */
  toggleFavourite(sound) {
    if (!sound.recipe) return;
    const others = this.favourites.filter((kept) => !same(kept.recipe, sound.recipe));
    const given = others.length < this.favourites.length;
    if (!given && Math.max(others.length, this.stored().length) >= MOST_FAVOURITES) {
      throw new Wrong(`${MOST_FAVOURITES} favourites are kept, and no more; give one up first.`);
    }
    this.favourites = given ? others : [...others, sound];
    // Another tab may have kept or given up kicks since: what is stored is changed by this one kick only.
    const rest = this.stored().filter((recipe) => !same(recipe, sound.recipe));
    keep(this.shelf, JSON.stringify(given ? rest : [...rest, sound.recipe]));
    this.tell("favourites");
  }

  /** The recipes of kicks that were kept before, or in another tab. @returns {Recipe[]} */
  stored() {
    const found = keptData(this.shelf);
    return Array.isArray(found) ? found.filter((one) => one instanceof Object).slice(0, MOST_FAVOURITES).map(upgradedRecipe) : [];
  }

  /**
   * Show what is stored, in its order. Kicks that are here already are not played anew; those that cannot be played any
   * more stay where they are stored, and the first reason is thrown.
   * @param {(recipes: Recipe[]) => Promise<Sound[]>} play
   */
  async recall(play) {
    const here = new Map(this.favourites.map((sound) => [mark(sound.recipe), sound]));
    /** @type {Set<string>} */
    const broken = new Set();
    /** @type {unknown} */
    let failed = null;
    for (;;) {
      // What is stored may have changed while kicks were played.
      const missing = this.stored().filter((recipe) => !here.has(mark(recipe)) && !broken.has(mark(recipe)));
      if (!missing.length) break;
      const together = await play(missing).catch(() => null);
      for (const [i, recipe] of missing.entries()) {
        try {
          here.set(mark(recipe), together ? together[i] : (await play([recipe]))[0]);
        } catch (error) {
          broken.add(mark(recipe));
          failed ??= error;
        }
      }
    }
    this.favourites = this.stored().flatMap((recipe) => here.get(mark(recipe)) ?? []);
    this.tell("favourites");
    if (failed) throw failed;
  }
}

/** @param {Recipe | null} a @param {Recipe | null} b */
export const same = (a, b) => mark(a) === mark(b);

/** Recipes do not change: each is written once, as a map that is painted needs many. @type {WeakMap<Recipe, string>} */
const marks = new WeakMap();

/** What decides how a recipe sounds, as text. @param {Recipe | null} recipe */
function mark(recipe) {
  if (!recipe) return "";
  const { seed, start, latent, controls, curves, length_s: seconds } = recipe;
  const text = marks.get(recipe) ?? JSON.stringify([seed, start || 0, latent, controls, curves, seconds || 0.5]);
  marks.set(recipe, text);
  return text;
}

export const state = new State();
