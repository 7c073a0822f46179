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

/** Say something to those who listen to the page. @param {string} text */
export function say(text) {
  element("said").textContent = text;
}

let wrongTimer = 0;
/** Say what went wrong; it goes away after a while. @param {unknown} error */
export function wrong(error) {
  const box = element("wrong");
  box.textContent = error instanceof Error ? error.message : String(error);
  clearTimeout(wrongTimer);
  wrongTimer = window.setTimeout(() => (box.textContent = ""), 8000);
}

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
    Promise.resolve()
      .then(work)
      .catch(wrong);
  };
}
