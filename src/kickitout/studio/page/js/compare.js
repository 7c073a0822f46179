/** Two kicks in the pattern, A and B, equally loud: A is held, B is the selected one. */

import { matchingGain } from "./audio.js";
import { button, element, input, trying } from "./dom.js";
import { isRecipe, keepInSession } from "./session.js";
import { state } from "./state.js";
import { quantity } from "./words.js";

/** @typedef {import("./types.js").Sound} Sound */

/** @type {Sound | null} */
let held = null;
let choosesA = false; // whether the pattern plays the kick that is held

export function setUpCompare() {
  button("hold-a").addEventListener("click", trying(() => hold(state.sound)));
  button("choose-a").addEventListener("click", () => choose(true));
  button("choose-b").addEventListener("click", () => choose(false));
  input("matched").addEventListener("change", sayMatched);
  input("matched").addEventListener("change", () => state.tell("session"));
  state.on("selected", sayMatched);
  keepInSession("compared", {
    save: () => ({ recipe: held?.recipe ?? null, a: choosesA && held?.recipe !== null, matched: input("matched").checked }),
    from: (data) => (data instanceof Object && (data.recipe === null || isRecipe(data.recipe)) ? data : null),
    recipes: ({ recipe }) => (recipe ? [recipe] : []),
    open: ({ recipe, a, matched }, sound) => {
      input("matched").checked = matched === true;
      hold(recipe && sound(recipe));
      choose(a === true && held !== null);
    },
  });
}

/** @param {Sound | null} sound */
function hold(sound) {
  held = sound;
  element("a-name").textContent = held?.name ?? "–";
  button("choose-a").disabled = !held;
  choose(choosesA && held !== null);
  sayMatched();
}

/** @param {boolean} a */
function choose(a) {
  choosesA = a;
  state.tell("session");
  button("choose-a").setAttribute("aria-pressed", String(a));
  button("choose-b").setAttribute("aria-pressed", String(!a));
}

/** The kick that the pattern plays. */
export const chosenKick = () => (choosesA && held ? held : state.sound);

/** Whether both sounds have been measured; what has not cannot be made as loud as another. */
const measured = () => [held, state.sound].every((s) => !s || typeof s.card?.loudness_lufs === "number");

/** @param {Sound} sound */
export const gainOf = (sound) => (input("matched").checked && measured() ? matchingGain(sound) : 1);

function sayMatched() {
  const [a, b] = [held, state.sound];
  if (!a || !b) {
    element("matched-said").textContent = "";
    return;
  }
  if (!measured()) {
    element("matched-said").textContent = "not measured here: both play as they are";
    return;
  }
  const [x, y] = [a, b].map((s) => 20 * Math.log10(gainOf(s)));
  element("matched-said").textContent = `A plays at ${quantity(x, "dB")}, B at ${quantity(y, "dB")}`;
}
