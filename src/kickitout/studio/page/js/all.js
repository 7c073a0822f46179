/** All favourites at once: a zip of their files, each with its recipe inside, and a table of their cards. */

import { backend } from "./backend.js";
import { button, element, saveAs, select, trying } from "./dom.js";
import { state } from "./state.js";
import { count } from "./words.js";
import { zipped } from "./zip.js";

/** @typedef {import("./types.js").Sound} Sound */

const TABLE = "cards.csv";

/** @param {import("./types.js").About} about */
export function setUpAll(about) {
  button("save-all").addEventListener("click", trying(() => saveAll(about.fields.map(({ name }) => name))));
  state.on("favourites", sayHowMany);
  sayHowMany();
}

function sayHowMany() {
  const many = state.favourites.length;
  button("save-all").disabled = !many;
  element("all-said").textContent = many ? `${count(many, "file")} and a table of their cards` : "star a kick, and it is in it";
}

/** @param {string[]} fields of the card */
async function saveAll(fields) {
  const sounds = [...state.favourites];
  const form = { format: select("format").value, bits: select("bits").value, rate: select("rate").value };
  const names = unlike(sounds.map(({ name }) => name)).map((name) => `${name}.${form.format}`);
  element("all-said").textContent = "making it …";
  const files = [];
  try {
    for (const [i, sound] of sounds.entries()) {
      const blob = await backend.file(sound, form);
      files.push({ name: names[i], bytes: new Uint8Array(await blob.arrayBuffer()) });
    }
  } finally {
    sayHowMany(); // also where a file could not be made, which is said elsewhere
  }
  files.push({ name: TABLE, bytes: new TextEncoder().encode(tableOf(names, sounds, fields)) });
  saveAs(zipped(files), "favourites.zip");
  element("all-said").textContent = `favourites.zip: ${count(sounds.length, "file")}`;
}

/** Names of which no two are the same. @param {string[]} names */
function unlike(names) {
  return names.map((name, i) => {
    const before = names.slice(0, i).filter((one) => one === name).length;
    return before ? `${name}-${before + 1}` : name;
  });
}

/** The cards as comma-separated values (RFC 4180): a line a file, empty where nothing was measured. @param {string[]} names @param {Sound[]} sounds @param {string[]} fields */
function tableOf(names, sounds, fields) {
  const lines = sounds.map(({ card }, i) => [names[i], ...fields.map((field) => String(card?.[field] ?? ""))]);
  return [["file", ...fields], ...lines].map((line) => `${line.map(quoted).join(",")}\r\n`).join("");
}

/** @param {string} text */
const quoted = (text) => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
