/** Start from my sound: drop a file, hear the model's version of it, vary it, morph it. */

import { backend } from "./backend.js";
import { play, prepare } from "./audio.js";
import { button, element, input, inSentence, make, newest, trying, wrong } from "./dom.js";
import { dropped, limited } from "./dropped.js";
import { analysed } from "./analysis.js";
import { openSession } from "./session.js";
import { state } from "./state.js";
import { show as showTab } from "./tabs.js";
import { tile } from "./tiles.js";

/** @typedef {import("./types.js").Sound} Sound */

const MORPH_STEPS = 9;
const VARIATIONS = 8;

/** @type {Sound | null} */
let own = null;
/** @type {Sound | null} */
let reconstruction = null;
/** @type {{a: Sound | null, b: Sound | null}} */
const ends = { a: null, b: null };
/** @type {Sound[]} */
let way = [];
let round = 0;

/** @param {import("./types.js").About} about */
export function setUpMine(about) {
  if (about.no_encoder) element("mine-said").replaceChildren(make("p", {}, about.no_encoder));
  if (about.without?.includes("inversion")) {
    element("drop-said").textContent = "Drop WAVs or recipes that this page saved: their state comes back.";
  }
  const file = input("file");
  file.addEventListener("change", () => {
    const chosen = [...(file.files ?? [])];
    if (chosen.length) open(Promise.resolve(limited({ files: chosen, said: [] }))).catch(wrong);
    file.value = "";
  });
  let depth = 0;
  const carries = (/** @type {DragEvent} */ event) => event.dataTransfer?.types.includes("Files");
  addEventListener("dragenter", (event) => {
    if (carries(event)) document.body.classList.toggle("dropping", ++depth > 0);
  });
  addEventListener("dragleave", (event) => {
    if (carries(event)) document.body.classList.toggle("dropping", --depth > 0);
  });
  addEventListener("dragover", (event) => event.preventDefault());
  addEventListener("drop", () => {
    depth = 0;
    document.body.classList.remove("dropping");
  }, { capture: true }); // also where a panel takes what is dropped
  addEventListener("drop", (event) => {
    event.preventDefault();
    if (carries(event)) open(dropped(event.dataTransfer)).catch(wrong);
  });
  button("play-own").addEventListener("click", () => own && play(own));
  button("play-reconstruction").addEventListener("click", () => reconstruction && play(reconstruction));
  button("use-reconstruction").addEventListener("click", () => reconstruction && state.select(reconstruction));
  const amount = input("amount");
  amount.addEventListener("input", () => (element("amount-value").textContent = amount.valueAsNumber.toFixed(2)));
  button("vary").addEventListener("click", trying(vary));
  button("morph-a").addEventListener("click", trying(() => setEnd("a")));
  button("morph-b").addEventListener("click", trying(() => setEnd("b")));
  const slider = input("morph");
  slider.addEventListener("input", () => way[slider.valueAsNumber] && play(way[slider.valueAsNumber]));
  slider.addEventListener("change", () => way[slider.valueAsNumber] && state.select(way[slider.valueAsNumber]));
  if (!about.has_latent) for (const id of ["vary", "morph-a", "morph-b"]) button(id).disabled = true;
}

/** @type {Promise<import("./dropped.js").Found> | null} */
let latest = null; // what was dropped last: it ends what is being inverted

/** Open sounds one after the other; each has its line. The first one that is no refusal is selected. @param {Promise<import("./dropped.js").Found>} finding */
async function open(finding) {
  latest = finding;
  showTab("mine");
  element("mine-said").replaceChildren(make("p", {}, "reading …"));
  element("mine-pair").hidden = true;
  const { files, said } = await finding;
  if (latest !== finding) return;
  const lines = files.map((file) => make("p", {}, files.length > 1 ? `${file.name}: waits` : `${file.name}: inverting …`));
  element("mine-said").replaceChildren(...lines, ...said.map((text) => make("p", { class: "far" }, text)));
  let first = true;
  for (const [i, file] of files.entries()) {
    const line = lines[i];
    line.textContent = `${file.name}: inverting …`;
    try {
      if (/\.json$/i.test(file.name) && (await openSession(file, file.name))) {
        line.textContent = `${file.name}: the session is open`;
        first = false;
        continue;
      }
      const reply = await backend.invert(file, file.name);
      if (latest !== finding) return;
      line.textContent = `${file.name}: ${reply.head.said}`;
      const use = () => take(reply, line);
      if (files.length > 1) {
        const choose = make("button", { class: "link", title: "Select and play it" }, file.name);
        choose.addEventListener("click", use);
        line.replaceChildren(choose, `: ${reply.head.said}`);
      }
      if (first) use();
      first = false;
    } catch (error) {
      if (latest !== finding) return;
      line.textContent = inSentence(error);
      line.classList.add("far");
    }
  }
}

/** Go on with a sound that was opened. @param {import("./types.js").Reply} reply @param {HTMLElement} line */
function take({ sounds, head }, line) {
  for (const one of element("mine-said").children) one.toggleAttribute("aria-current", one === line);
  if (head.kind === "restored") {
    [own, reconstruction] = [null, null];
    state.select(sounds[0]);
  } else {
    [own, reconstruction] = [sounds[0], sounds[1] ?? null];
    analysed(own, head.analysis);
    state.select(own);
  }
  play(sounds[0]);
  element("mine-pair").hidden = reconstruction === null;
}

/** A kick that can be varied: what is selected, or the model's version of the user's own sound. */
function base() {
  const sound = state.sound?.recipe ? state.sound : reconstruction;
  if (!sound?.recipe) throw new Error("Select a kick of the model first.");
  return sound;
}

async function vary() {
  const sound = base();
  const seeds = Array.from({ length: VARIATIONS }, (_, i) => VARIATIONS * round + i);
  round += 1;
  const { sounds } = await backend.vary(/** @type {any} */ (sound.recipe), seeds, input("amount").valueAsNumber);
  sounds.forEach(prepare);
  element("variations").replaceChildren(...sounds.map((one) => tile(one, (chosen) => state.select(chosen))));
}

const findWay = newest(async () => {
  if (!ends.a?.recipe || !ends.b?.recipe) return;
  way = (await backend.morph(ends.a.recipe, ends.b.recipe, MORPH_STEPS)).sounds;
  way.forEach(prepare);
  const slider = input("morph");
  slider.disabled = false;
  slider.value = "0";
});

/** @param {"a" | "b"} end */
function setEnd(end) {
  ends[end] = base();
  element(`morph-${end}-name`).textContent = ends[end]?.name ?? "–";
  findWay();
}
