/** Start from my sound: drop a file, hear the model's version of it, vary it, morph it. */

import { backend } from "./backend.js";
import { play, prepare } from "./audio.js";
import { button, element, input, newest, trying, wrong } from "./dom.js";
import { seen } from "./look.js";
import { state } from "./state.js";
import { show as showTab } from "./tabs.js";
import { tile } from "./tiles.js";

/** @typedef {import("./types.js").Sound} Sound */

const MORPH_STEPS = 9;
const VARIATIONS = 8;

/** @type {Sound | null} */
let own = null;
/** @type {Sound | null} */
let again = null;
/** @type {{a: Sound | null, b: Sound | null}} */
const ends = { a: null, b: null };
/** @type {Sound[]} */
let way = [];
let round = 0;

/** @param {import("./types.js").About} about */
export function setUpMine(about) {
  if (about.listens) element("mine-said").textContent = about.listens;
  if (about.without?.includes("listening")) {
    element("drop-said").textContent = "Drop a WAV or a recipe that was made here: its state comes back.";
  }
  const file = input("file");
  file.addEventListener("change", () => {
    const chosen = file.files?.[0];
    if (chosen) hear(chosen).catch(wrong);
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
  addEventListener("drop", (event) => {
    event.preventDefault();
    depth = 0;
    document.body.classList.remove("dropping");
    const dropped = event.dataTransfer?.files[0];
    if (dropped) hear(dropped).catch(wrong);
  });
  button("play-own").addEventListener("click", () => own && play(own));
  button("play-again").addEventListener("click", () => again && play(again));
  button("use-again").addEventListener("click", () => again && state.select(again));
  const amount = input("amount");
  amount.addEventListener("input", () => (element("amount-value").textContent = amount.valueAsNumber.toFixed(2)));
  button("vary").addEventListener("click", trying(vary));
  button("morph-a").addEventListener("click", trying(() => setEnd("a")));
  button("morph-b").addEventListener("click", trying(() => setEnd("b")));
  const slider = input("morph");
  slider.addEventListener("input", () => way[slider.valueAsNumber] && play(way[slider.valueAsNumber]));
  slider.addEventListener("change", () => way[slider.valueAsNumber] && state.select(way[slider.valueAsNumber]));
  if (!about.turnable) for (const id of ["vary", "morph-a", "morph-b"]) button(id).disabled = true;
}

/** @param {File} file */
async function hear(file) {
  showTab("mine");
  element("mine-said").textContent = `${file.name}: listening …`;
  element("mine-pair").hidden = true;
  let answer;
  try {
    answer = await backend.hear(file, file.name);
  } catch (error) {
    element("mine-said").textContent = error instanceof Error ? error.message : String(error);
    return;
  }
  const { sounds, head } = answer;
  element("mine-said").textContent = `${file.name}: ${head.said}`;
  if (head.kind === "restored") {
    state.select(sounds[0]);
    play(sounds[0]);
    return;
  }
  [own, again] = [sounds[0], sounds[1] ?? null];
  seen(own, head.look);
  state.select(own);
  play(own);
  element("mine-pair").hidden = again === null;
}

/** A kick that can be varied: what is selected, or the model's version of the user's own sound. */
function base() {
  const sound = state.sound?.recipe ? state.sound : again;
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
