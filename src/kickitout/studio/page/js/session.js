/**
 * The session: the selected kick and its locks, the pattern, the pads, the favourites, the map. It is kept in this browser
 * over a reload, a session for each model, and saved to a file and opened from one.
 *
 * Modules add parts. A file is opened as a whole or not at all: all parts are checked and all kicks rendered before
 * anything on the page changes.
 */

import { backend } from "./backend.js";
import { button, element, input, saveAs, trying } from "./dom.js";
import { upgradedRecipe } from "./file.js";
import { keep, kept, parsed } from "./kept.js";
import { MOST_FAVOURITES, state } from "./state.js";
import { Wrong } from "./wrong.js";

/** @typedef {import("./types.js").Sound} Sound */
/** @typedef {import("./types.js").Recipe} Recipe */
/** @typedef {(recipe: Recipe) => Sound} Render  the sound of a recipe that the part has named */

/**
 * @template T
 * @typedef {object} Part
 * @property {() => T} save  what JSON can hold
 * @property {(data: any) => T | null} from  what was saved, checked; null where it is none
 * @property {(own: T) => Recipe[]} [recipes]  kicks that `open` needs
 * @property {(own: T, sound: Render) => Promise<void> | void} open
 * @property {boolean} [keptElsewhere]  it survives a reload without the session
 */

const FORMAT = "kickitout session";
const VERSION = 1;
const LARGEST = 2 * 2 ** 20; // bytes
const AT_ONCE = 64; // recipes in one call: kickitout.studio.service
const REST_MS = 250; // after the last change, until it is kept

/** @type {Map<string, Part<any>>} in the order in which they are opened */
const parts = new Map();
let modelName = "";
let writing = 0;

/** Make something part of the session. @template T @param {string} name @param {Part<T>} part */
export const keepInSession = (name, part) => void parts.set(name, part);

/** Whether something is a recipe, as far as can be seen. @param {any} data */
export const isRecipe = (data) => data instanceof Object && (Number.isInteger(data.seed) || Array.isArray(data.latent));

/** @param {import("./types.js").About} about */
export function setUpSession(about) {
  modelName = about.model.name;
  keepInSession("favourites", {
    save: () => state.favourites.map(({ recipe }) => recipe),
    from: (data) => (Array.isArray(data) && data.length <= MOST_FAVOURITES && data.every(isRecipe) ? data.map(upgradedRecipe) : null),
    recipes: (own) => own,
    open: (own, sound) => own.map(sound).forEach((one) => state.keeps(one) || state.toggleFavourite(one)),
    keptElsewhere: true,
  });
  keepInSession("selected", {
    save: () => ({ recipe: state.sound?.recipe ?? null, targets: state.targets }),
    from: (data) => (data?.targets instanceof Object && (data.recipe === null || isRecipe(data.recipe)) ? data : null),
    recipes: ({ recipe }) => (recipe ? [upgradedRecipe(recipe)] : []),
    open: ({ recipe, targets }, sound) => {
      if (recipe) state.select(sound(upgradedRecipe(recipe)), targets);
    },
  });
  for (const happening of /** @type {const} */ (["selected", "session"])) state.on(happening, soon);
  addEventListener("pagehide", keepNow);
  document.addEventListener("visibilitychange", () => document.hidden && keepNow());
  button("save-session").addEventListener("click", save);
  const file = input("session-file");
  file.addEventListener("change", trying(async () => {
    const chosen = file.files?.[0];
    file.value = "";
    if (chosen && !(await openSession(chosen, chosen.name))) throw new Wrong(`${chosen.name}: holds no session; choose a file that Save session has written.`);
  }));
}

const shelf = () => `kickitout.session.${state.digest.slice(0, 16)}`;

/** @param {(part: Part<any>) => boolean} wanted */
function snapshot(wanted) {
  const saved = [...parts].filter(([, part]) => wanted(part)).map(([name, part]) => [name, part.save()]);
  return { format: FORMAT, version: VERSION, model: { name: modelName, sha256: state.digest }, ...Object.fromEntries(saved) };
}

function soon() {
  if (!writing) writing = window.setTimeout(keepNow, REST_MS);
}

/** Keep the session in this browser, if anything has changed. */
function keepNow() {
  if (!writing) return;
  clearTimeout(writing);
  writing = 0;
  keep(shelf(), JSON.stringify(snapshot((part) => !part.keptElsewhere)));
}

/** Go on where this browser was left. @returns {Promise<unknown>} why what was kept cannot be opened any more; null if it can */
export async function resumeSession() {
  const text = kept(shelf());
  return text ? openText(text, "The session that this browser has kept").then(() => null, (error) => error) : null;
}

function save() {
  const file = new Blob([JSON.stringify(snapshot(() => true), null, 1)], { type: "application/json" });
  saveAs(file, "kick-session.json");
}

/**
 * Open a file. Throws Wrong for a session that cannot be opened, and nothing has changed then.
 * @param {Blob} file
 * @param {string} name
 * @returns {Promise<boolean>} false: it holds no session
 */
export async function openSession(file, name) {
  if (file.size > LARGEST) return false;
  const opened = await openText(await file.text(), name);
  if (opened) element("session-said").textContent = `${name} is open.`;
  return opened;
}

/** @param {string} text @param {string} name */
async function openText(text, name) {
  const data = parsed(text);
  if (data?.format !== FORMAT) return false;
  if (data.version !== VERSION) throw new Wrong(`${name}: a session of another version (${data.version}); this page reads version ${VERSION}.`);
  const { name: other = "?", sha256 = "" } = data.model ?? {};
  if (sha256 !== state.digest) {
    throw new Wrong(`${name}: its kicks are of another model (${other}, ${String(sha256).slice(0, 8)}); open it in a page that plays that model.`);
  }
  /** @type {{part: Part<any>, own: any}[]} */
  const found = [];
  for (const [key, part] of parts) {
    if (data[key] === undefined) continue;
    const own = part.from(data[key]);
    if (own === null) throw new Wrong(`${name}: a damaged session (${key}); what is open here stays as it is.`);
    found.push({ part, own });
  }
  const added = (data.favourites ?? []).filter((/** @type {Recipe} */ recipe) => !state.keeps(/** @type {any} */ ({ recipe: upgradedRecipe(recipe) })));
  if (state.favourites.length + added.length > MOST_FAVOURITES) {
    throw new Wrong(`${name}: with its favourites there would be more than ${MOST_FAVOURITES}; give up ${state.favourites.length + added.length - MOST_FAVOURITES} of yours first.`);
  }
  const sounds = await rendered(found.flatMap(({ part, own }) => part.recipes?.(own) ?? []), name);
  for (const { part, own } of found) await part.open(own, (recipe) => /** @type {Sound} */ (sounds.get(JSON.stringify(recipe))));
  return true;
}

/** The sounds of recipes, by their text. @param {Recipe[]} recipes @param {string} name */
async function rendered(recipes, name) {
  const texts = [...new Set(recipes.map((recipe) => JSON.stringify(recipe)))];
  /** @type {Map<string, Sound>} */
  const sounds = new Map();
  for (let at = 0; at < texts.length; at += AT_ONCE) {
    const some = texts.slice(at, at + AT_ONCE);
    const reply = await backend.render(some.map((text) => JSON.parse(text))).catch((error) => {
      throw new Wrong(`${name}: one of its kicks cannot be rendered: ${error.message}`);
    });
    some.forEach((text, i) => sounds.set(text, reply.sounds[i]));
  }
  return sounds;
}
