// The kicks of the front page: one sounds at a time, and its file is fetched when a pointer or the focus comes near.

/** @type {HTMLAudioElement | null} */
let sounding = null;

document.querySelectorAll("button.listen").forEach((button) => {
  const sound = new Audio();
  sound.preload = "auto";
  const fetched = () => sound.src || (sound.src = button.dataset.wav);
  for (const near of ["pointerenter", "focus", "touchstart"]) button.addEventListener(near, fetched, { once: true, passive: true });
  for (const [happens, on] of [["playing", true], ["pause", false], ["ended", false]]) {
    sound.addEventListener(happens, () => button.classList.toggle("on", on));
  }
  sound.addEventListener("error", () => button.classList.add("lost"));
  button.addEventListener("click", () => {
    fetched();
    if (sounding && sounding !== sound) sounding.pause();
    sounding = sound;
    sound.currentTime = 0;
    sound.play().catch(() => {}); // another one was played meanwhile, or "error" has said why
  });
});
