/**
 * The session: the selected kick and its locks, the pattern, the pads, the favourites, the map. It is kept in this browser
 * over a reload, a session for each model, and saved to a file and opened from one.
 *
 * Modules add parts. A file is opened as a whole or not at all: all parts are checked and all kicks rendered before
 * anything on the page changes. What this browser has kept may fail to open when the page begins, be it by one reply
 * that does not come: then the parts that need no kick open, and all of it is put aside, from where it can be opened.
 */

import { backend } from "./backend.js";
import { button, element, input, inSentence, saveAs, trying } from "./dom.js";
import { upgradedRecipe } from "./file.js";
import { keep, kept, keptData, parsed } from "./kept.js";
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
const KEPT = "The session that this browser has kept";
const MOST_ASIDE = 4; // sessions

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
  addEventListener("pagehide", keepNow);
  document.addEventListener("visibilitychange", () => document.hidden && keepNow());
  button("save-session").addEventListener("click", save);
  button("open-before").addEventListener("click", trying(openBefore));
  button("drop-before").addEventListener("click", () => putAside(aside()[0], false));
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

/**
 * Go on where this browser was left, or with another kick. Only from here on what changes is kept: what the page does
 * by itself, while it opens, must not come over what was kept.
 * @param {Sound} otherwise what is selected where nothing was
 * @returns {Promise<Wrong | null>} why what was kept could not be opened
 */
export async function resumeSession(otherwise) {
  const text = kept(shelf()) ?? "";
  const trouble = await openText(text, KEPT).then(() => null, inSentence);
  const some = trouble !== null && (await openKickless(text).catch(() => false));
  if (!state.sound) state.select(otherwise);
  const room = putAside(text, trouble !== null);
  if (room) for (const happening of /** @type {const} */ (["selected", "session"])) state.on(happening, soon);
  if (trouble === null) {
    soon();
    return null;
  }
  const stays = some ? "what needs no kick is open, and all of it stays kept" : "it stays kept";
  const works = room ? "reload this page, or press Open the one before, in Play" : "reload this page";
  return new Wrong(`${trouble.replace(/\.$/, "")}; ${stays}: ${works}.`);
}

// What could not be opened ----------------------------------------------------------------------------------------------

const shelfAside = () => `kickitout.unopened.${state.digest.slice(0, 16)}`;

/** The sessions that could not be opened when the page was, as text, the last one first. @returns {string[]} */
function aside() {
  const found = keptData(shelfAside());
  return Array.isArray(found) ? found.filter((one) => typeof one === "string") : [];
}

/**
 * Put a session aside, or take it from there.
 * @param {string} text
 * @param {boolean} there
 * @returns {boolean} whether it is so now: a browser may have no room for more
 */
function putAside(text, there) {
  const [before, others] = [aside(), aside().filter((one) => one !== text)];
  if (there || others.length < before.length) keep(shelfAside(), JSON.stringify((there ? [text, ...others] : others).slice(0, MOST_ASIDE)));
  element("before").hidden = !aside().length;
  return aside().includes(text) === there;
}

async function openBefore() {
  const [text] = aside();
  if (text && (await openText(text, "The session before"))) element("session-said").textContent = "The session before is open.";
  putAside(text, false);
}

/** Open the parts of a session that are whole and need no kick. @param {string} text @returns {Promise<boolean>} whether they may be */
async function openKickless(text) {
  const data = parsed(text);
  if (data.version !== VERSION) return false;
  const none = () => {
    throw new Wrong("a kick that the part has not named");
  };
  for (const { part, own } of partsOf(data)) if (own !== null && !part.recipes?.(own).length) await part.open(own, none);
  return true;
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
  const found = partsOf(data);
  const damaged = found.find(({ own }) => own === null);
  if (damaged) throw new Wrong(`${name}: a damaged session (${damaged.key})${name === KEPT ? "" : "; what is open here stays as it is."}`);
  const added = (data.favourites ?? []).filter((/** @type {Recipe} */ recipe) => !state.keeps(/** @type {any} */ ({ recipe: upgradedRecipe(recipe) })));
  if (state.favourites.length + added.length > MOST_FAVOURITES) {
    throw new Wrong(`${name}: with its favourites there would be more than ${MOST_FAVOURITES}; give up ${state.favourites.length + added.length - MOST_FAVOURITES} of yours first.`);
  }
  const sounds = await rendered(found.flatMap(({ part, own }) => part.recipes?.(own) ?? []), name);
  for (const { part, own } of found) await part.open(own, (recipe) => /** @type {Sound} */ (sounds.get(JSON.stringify(recipe))));
  return true;
}

/** The parts that a session has, checked. @param {any} data @returns {{key: string, part: Part<any>, own: any}[]} own: null for a damaged one */
function partsOf(data) {
  return [...parts].flatMap(([key, part]) => (data[key] === undefined ? [] : [{ key, part, own: part.from(data[key]) }]));
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
