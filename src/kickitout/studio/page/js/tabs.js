/** Tabs, as the ARIA authoring practices have them: arrow keys go from one to the next. */

/** @returns {HTMLElement[]} */
const tabs = () => [.../** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll('[role="tab"]:not([hidden])'))];

export function setUpTabs() {
  for (const tab of tabs()) {
    tab.addEventListener("click", () => show(String(tab.getAttribute("aria-controls"))));
    tab.addEventListener("keydown", (event) => {
      const all = tabs();
      const at = all.indexOf(tab);
      const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: all.length - 1 }[event.key];
      if (to === undefined) return;
      event.preventDefault();
      const next = all[(to + all.length) % all.length];
      show(String(next.getAttribute("aria-controls")));
      next.focus();
    });
  }
}

/** @param {string} panel its id */
export function show(panel) {
  for (const tab of tabs()) {
    const on = tab.getAttribute("aria-controls") === panel;
    tab.setAttribute("aria-selected", String(on));
    tab.tabIndex = on ? 0 : -1;
    const body = document.getElementById(String(tab.getAttribute("aria-controls")));
    if (body) body.hidden = !on;
  }
}
