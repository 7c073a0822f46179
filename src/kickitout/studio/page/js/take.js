/** Take it away: a file with an honest name, a recipe, a kit. */

import { play } from "./audio.js";
import { backend } from "./backend.js";
import { MODEL_S } from "./curves.js";
import { button, element, input, inSentence, make, saveAs, select, the, trying } from "./dom.js";
import { state } from "./state.js";
import { count } from "./words.js";

const MOST_IN_A_KIT = 16;

/** @param {import("./types.js").About} about */
export function setUpTake(about) {
  for (const id of ["format", "bits", "rate"]) select(id).addEventListener("change", show);
  select("format").addEventListener("change", () => {
    const flac = select("format").value === "flac";
    const float = /** @type {HTMLOptionElement} */ (select("bits").querySelector('[value="32f"]'));
    float.disabled = flac; // FLAC holds whole numbers only
    if (flac && select("bits").value === "32f") select("bits").value = "24";
    show();
  });
  select("length").addEventListener("change", trying(ring));
  const link = the("download", HTMLAnchorElement);
  link.addEventListener("dragstart", (event) => {
    const kind = `audio/${select("format").value}`;
    event.dataTransfer?.setData("DownloadURL", `${kind}:${link.download}:${link.href}`); // a file, where it is dropped
    event.dataTransfer?.setData("text/uri-list", link.href);
  });
  element("kit-formats").append(...about.formats.map(({ name, title, usual }) => {
    const box = make("input", { type: "checkbox", class: "kit-format", value: name, ...(usual ? { checked: "" } : {}) });
    return make("label", {}, box, ` ${title}`);
  }));
  button("make-kit").addEventListener("click", trying(makeKit));
  state.on("selected", show);
  state.on("selected", sayKit);
  state.on("favourites", sayKit);
  element("kit-fields").addEventListener("input", sayKit); // what was wrong with the order, or was made of it, is so no more
  sayKit();
  element("kit-fields").hidden = about.without?.includes("kit") ?? false;
  if (about.without?.includes("formats")) {
    for (const id of ["format", "rate"]) element(id).closest("label")?.setAttribute("hidden", "");
  }
}

/** Let the selected kick ring for as long as is chosen, at most. */
async function ring() {
  const from = state.sound;
  if (!from?.recipe) return;
  const { length_s: _, ...half } = from.recipe;
  const seconds = Number(select("length").value);
  const { sounds } = await backend.render([seconds > MODEL_S ? { ...half, length_s: seconds } : half]).catch((error) => {
    showLength(); // it is as long as it was
    throw error;
  });
  if (state.sound !== from) return; // another kick was selected meanwhile
  state.select(sounds[0], state.targets);
  play(sounds[0]);
}

const showLength = () => void (select("length").value = String(state.sound?.recipe?.length_s ?? MODEL_S));

let recipeAddress = "";

function show() {
  const sound = state.sound;
  const link = the("download", HTMLAnchorElement);
  const recipe = the("recipe", HTMLAnchorElement);
  for (const one of [link, recipe, element("length-label"), element("again")]) one.toggleAttribute("inert", !sound?.recipe);
  showLength();
  if (!sound?.recipe) {
    element("file-name").textContent = "your own sound: you have its file already";
    element("command").textContent = "";
    return;
  }
  const form = { format: select("format").value, bits: select("bits").value, rate: select("rate").value };
  link.href = backend.fileAddress(sound, form);
  link.download = `${sound.name}.${form.format}`;
  element("file-name").textContent = link.download;
  URL.revokeObjectURL(recipeAddress);
  recipeAddress = URL.createObjectURL(new Blob([JSON.stringify(sound.recipe, null, 1)], { type: "application/json" }));
  recipe.href = recipeAddress;
  recipe.download = `${sound.name}.json`;
  element("command").textContent = command(sound.recipe);
}

/** The same on the command line: from the seed, where that is all there is to it. @param {import("./types.js").Recipe} recipe */
function command({ seed, start, controls, curves, length_s: seconds }) {
  const more = seed === undefined || start || curves || controls?.some((/** @type {number} */ x) => x);
  return more ? `kick recipe ${state.sound?.name}.wav --render again.wav` : `kick generate --seeds ${seed}${seconds ? ` --length ${seconds}s` : ""}`;
}

const chosen = () => (state.favourites.length ? state.favourites : state.sound?.recipe ? [state.sound] : []).slice(0, MOST_IN_A_KIT);

function sayKit() {
  const [many, first] = [state.favourites.length, Math.min(state.favourites.length, MOST_IN_A_KIT)];
  sayOfKit(
    many > first ? `of your first ${count(first, "favourite")}; a kit holds no more`
    : many ? `of your ${many > 1 ? count(many, "favourite") : "favourite"}`
    : state.sound?.recipe ? "of the selected kick; star more kicks and they are all in it"
    : "of your favourites; star a kick of the model",
  );
}

/** @param {string} text @param {boolean} [bad] */
function sayOfKit(text, bad = false) {
  element("kit-said").textContent = text;
  element("kit-said").classList.toggle("far", bad);
}

/** What is wrong with the order, as the page calls it; "" for nothing. @param {string[]} formats */
function troubleWith(formats) {
  if (!chosen().length) return "Select a kick of the model first.";
  for (const [id, name] of [["kit-layers", "layers"], ["kit-robins", "robins"]]) {
    const { valueAsNumber: n, min, max } = input(id);
    if (!Number.isInteger(n) || n < Number(min) || n > Number(max)) return `${name}: a whole number from ${min} to ${max} works.`;
  }
  return formats.length ? "" : "Tick at least one format.";
}

async function makeKit() {
  const formats = [...document.querySelectorAll(".kit-format")].flatMap((box) =>
    box instanceof HTMLInputElement && box.checked ? [box.value] : [],
  );
  const trouble = troubleWith(formats);
  if (trouble) return sayOfKit(trouble, true);
  const kicks = chosen();
  sayOfKit("making it …");
  const name = input("kit-name").value.trim();
  try {
    const blob = await backend.kit({
      recipes: kicks.map((kick) => kick.recipe),
      name,
      formats,
      note: input("kit-note").value.trim() || null,
      velocity_layers: input("kit-layers").valueAsNumber,
      round_robin: input("kit-robins").valueAsNumber,
      bits: select("bits").value,
    });
    saveAs(blob, `${name}.zip`);
    sayOfKit(`${name}.zip: ${count(kicks.length, "kick")}, ${(blob.size / 2 ** 20).toFixed(1)} MB`);
  } catch (error) {
    sayOfKit(inSentence(error), true);
  }
}
