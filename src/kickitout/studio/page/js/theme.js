/** Light or dark: as the system says, until the user says otherwise. */

const KEY = "kickitout.theme";

/** @param {() => void} repaint canvases know their colours only when they are painted */
export function setUpTheme(repaint) {
  const system = matchMedia("(prefers-color-scheme: light)");
  const set = (/** @type {boolean} */ light) => {
    document.documentElement.dataset.theme = light ? "light" : "dark";
    repaint();
  };
  set(stored() ? stored() === "light" : system.matches);
  system.addEventListener("change", () => stored() || set(system.matches));
  document.getElementById("theme")?.addEventListener("click", () => {
    const light = document.documentElement.dataset.theme !== "light";
    try {
      localStorage.setItem(KEY, light ? "light" : "dark");
    } catch {
      // a private window: the choice lasts as long as the page
    }
    set(light);
  });
}

function stored() {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null;
  }
}
