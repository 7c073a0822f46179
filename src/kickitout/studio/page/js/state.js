/** What is selected, what was before, and what is kept. Nothing is on the server: a kick is its recipe. */

/** @typedef {import("./types.js").Sound} Sound */
/** @typedef {import("./types.js").Recipe} Recipe */
/** @typedef {{sound: Sound, request: Record<string, number>}} Step  request: the locked knobs and their values */

const MOST_STEPS = 200;
const MOST_FAVOURITES = 64;

/** @typedef {"selected" | "favourites" | "moved"} Happening */

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

  get request() {
    return this.steps[this.at]?.request ?? {};
  }

  /**
   * Select a kick, as a new step of the history.
   * @param {Sound} sound
   * @param {Record<string, number>} [request]
   */
  select(sound, request = sound.recipe?.request ?? {}) {
    this.steps = [...this.steps.slice(0, this.at + 1), { sound, request }].slice(-MOST_STEPS);
    this.at = this.steps.length - 1;
    this.tell("selected");
  }

  /** Replace what is selected while a knob is being turned: no step of its own. @param {Sound} sound @param {Record<string, number>} request */
  amend(sound, request) {
    this.steps[this.at] = { sound, request };
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
    this.favourites = this.keeps(sound)
      ? this.favourites.filter((kept) => !same(kept.recipe, sound.recipe))
      : [...this.favourites, sound].slice(-MOST_FAVOURITES);
    this.store();
    this.tell("favourites");
  }

  store() {
    try {
      localStorage.setItem(this.shelf, JSON.stringify(this.favourites.map((kept) => kept.recipe)));
    } catch {
      // private windows may keep nothing: favourites then last as long as the page
    }
  }

  /** The recipes of kicks that were kept before. @returns {Recipe[]} */
  stored() {
    try {
      const found = JSON.parse(localStorage.getItem(this.shelf) ?? "[]");
      return Array.isArray(found) ? found.slice(0, MOST_FAVOURITES) : [];
    } catch {
      return [];
    }
  }
}

/** @param {Recipe | null} a @param {Recipe | null} b */
const same = (a, b) => JSON.stringify(essence(a)) === JSON.stringify(essence(b));

/** What decides how a recipe sounds. @param {Recipe | null} recipe */
const essence = (recipe) => recipe && [recipe.seed, recipe.start || 0, recipe.place, recipe.knobs];

export const state = new State();
