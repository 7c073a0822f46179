/** Small helpers for the page. */

/**
 * The element with an id, known to be of a kind.
 * @template {HTMLElement} T
 * @param {string} id
 * @param {new () => T} kind
 * @returns {T}
 */
export function the(id, kind) {
  const found = document.getElementById(id);
  if (!(found instanceof kind)) throw new Error(`no ${kind.name} #${id}`);
  return found;
}

/** @param {string} id */
export const button = (id) => the(id, HTMLButtonElement);
/** @param {string} id */
export const input = (id) => the(id, HTMLInputElement);
/** @param {string} id */
export const select = (id) => the(id, HTMLSelectElement);
/** @param {string} id */
export const element = (id) => the(id, HTMLElement);

/**
 * A new element.
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {Record<string, string>} [attributes]
 * @param {...(Node | string)} children
 * @returns {HTMLElementTagNameMap[K]}
 */
export function make(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

/** Whether what is typed goes into this field. @param {EventTarget | null} target */
export const typing = (target) => target instanceof Element && target.closest("input[type=text], input[type=number], select, textarea") !== null;

/** Say something to those who listen to the page. @param {string} text */
export function say(text) {
  element("said").textContent = text;
}

const WRONG_MS = 10_000;
let wrongTimer = 0;
let stays = false; // whether what was said is so until the page is loaded again
/** Say what went wrong. It goes away after a while, and with the next thing that the reader does and that works. @param {unknown} error */
export function wrong(error) {
  if (stays) return;
  element("wrong").textContent = inSentence(error);
  clearTimeout(wrongTimer);
  wrongTimer = window.setTimeout(right, WRONG_MS);
}

/** Say what is wrong with the page as it is: that stays. @param {unknown} error */
export function wrongForGood(error) {
  wrong(error);
  clearTimeout(wrongTimer);
  stays = true;
}

/** What was wrong is so no more. */
export function right() {
  if (stays) return;
  clearTimeout(wrongTimer);
  element("wrong").textContent = "";
}

/** @param {unknown} error */
export const inSentence = (error) => (error instanceof Error ? error.message : String(error));

/**
 * Run the newest of many calls: one at a time, those in between are left out.
 * @template {any[]} A
 * @param {(...args: A) => Promise<void>} work
 * @returns {(...args: A) => void}
 */
export function newest(work) {
  let busy = false;
  /** @type {A | null} */
  let waiting = null;
  return function run(...args) {
    if (busy) {
      waiting = args;
      return;
    }
    busy = true;
    work(...args)
      .catch(wrong)
      .finally(() => {
        busy = false;
        const next = waiting;
        waiting = null;
        if (next) run(...next);
      });
  };
}

/** Do it, and show what goes wrong. @param {() => Promise<void> | void} work */
export function trying(work) {
  return () => {
    Promise.resolve().then(work).then(right, wrong);
  };
}

/** Let the browser save a file. @param {Blob} file @param {string} name */
export function saveAs(file, name) {
  const address = URL.createObjectURL(file);
  make("a", { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}
