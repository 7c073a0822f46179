/** Light or dark: as the system says, until the user says otherwise. */

import { keep, kept } from "./kept.js";

const KEY = "kickitout.theme";

/** @param {() => void} repaint canvases know their colours only when they are painted */
export function setUpTheme(repaint) {
  const system = matchMedia("(prefers-color-scheme: light)");
  const set = (/** @type {boolean} */ light) => {
    document.documentElement.dataset.theme = light ? "light" : "dark";
    repaint();
  };
  set(kept(KEY) ? kept(KEY) === "light" : system.matches);
  system.addEventListener("change", () => kept(KEY) || set(system.matches));
  document.getElementById("theme")?.addEventListener("click", () => {
    const light = document.documentElement.dataset.theme !== "light";
    keep(KEY, light ? "light" : "dark");
    set(light);
  });
}
