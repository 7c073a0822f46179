/** What this browser keeps over a reload, as text. A private window may keep nothing: it then lasts as long as the page. */

/** @param {string} key @returns {string | null} null where nothing is kept */
export function kept(key) {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

/** @param {string} key @param {string} text */
export function keep(key, text) {
  try {
    localStorage.setItem(key, text);
  } catch {
    // nothing is lost that was there before
  }
}

/** What is kept as JSON; null for nothing, and for what cannot be read. @param {string} key @returns {any} */
export const keptData = (key) => parsed(kept(key) ?? "null");

/** @param {string} text @returns {any} null for what is no JSON */
export function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
