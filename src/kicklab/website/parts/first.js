// The theme before anything is painted; the button of the page, in studio/js/theme.js, changes it.
try {
  const kept = localStorage.getItem("kickitout.theme");
  document.documentElement.dataset.theme = kept ?? (matchMedia("(prefers-color-scheme: light)").matches ? "light" : "dark");
} catch {
  // a private window: dark, until the page knows better
}
