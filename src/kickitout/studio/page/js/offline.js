/** An exported page that was opened once opens without a network, and in its newest version: see sw.js. */

const home = new URL("../", import.meta.url);

async function keepForLater() {
  const workers = navigator.serviceWorker; // browsers have none over plain http, but on this machine
  if (!workers) return;
  const newer = (await workers.getRegistration(home))?.waiting;
  if (newer) {
    workers.addEventListener("controllerchange", () => location.reload(), { once: true }); // nothing was done here yet
    newer.postMessage("change over");
    return;
  }
  await played();
  await workers.register(new URL("sw.js", home), { scope: home.pathname });
}

/** When all is there: before, the sounds come first. @returns {Promise<void>} */
function played() {
  const root = document.documentElement;
  return new Promise((resolve) => {
    const look = () => root.dataset.ready === "all" && (watch.disconnect(), resolve());
    const watch = new MutationObserver(look);
    watch.observe(root, { attributeFilter: ["data-ready"] });
    look();
  });
}

keepForLater().catch(() => {}); // a private window keeps nothing: the page then needs its server each time
