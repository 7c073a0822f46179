/** Train: a folder, the doctor's report, minutes; then what comes of it, live. The training itself needs no page. */

import { call, post } from "./api.js";
import { button, element, input, make, right, select, trying, wrong } from "./dom.js";
import { drawCurve, drawn } from "./train_curve.js";
import { chosenItems, droppedItems, megabytes, sendFolder, sorted } from "./train_folder.js";
import { offer, setUpHearing } from "./train_hear.js";
import { count } from "./words.js";
import { Wrong } from "./wrong.js";

/** @typedef {import("./train_folder.js").Item} Item */
/** @typedef {"not begun" | "starting" | "running" | "stopping" | "ended"} Phase */
/**
 * @typedef {object} Run  kickitout.training.background
 * @property {string} name
 * @property {string} path
 * @property {Phase} state
 * @property {boolean} begun  it has learned something; before, it takes another config
 * @property {string} said
 * @property {boolean} wrong
 * @property {string | null} command  null where somebody else began it
 * @property {number | null} budget  seconds
 * @property {string} spent
 * @property {number} step
 * @property {number | null} left  seconds
 * @property {import("./train_curve.js").Curve} curve
 * @property {import("./train_curve.js").Snapshot[]} snapshots
 * @property {{step: number, text: string}[]} events
 * @property {string | null} model
 * @property {boolean} playing
 * @property {string[]} kept
 */
/** @typedef {{needs: string, folder: string, most: {files: number, bytes: number}, suffixes: string[], configs: Record<string, string>, names: string[], training: string | null, reading: [number, number] | null, run: Run | null}} Training */

const OFTEN_MS = 1000; // between two looks at a run that trains
const SELDOM_MS = 5000;
/** @type {Record<Phase, string>} */
const PHASES = { "not begun": "not begun", starting: "starting", running: "training", stopping: "stopping: it saves, and writes its model", ended: "ended" };
const ACTIVE = ["starting", "running", "stopping"];

/** @type {Training | null} */
let training = null;
let chosen = ""; // the run that is shown; "" is the one that trains, or was trained last
let sent = ""; // a folder that was sent, and not trained on yet
let timer = 0;

export async function setUpTraining() {
  const zone = element("train-drop");
  zone.addEventListener("drop", (event) => {
    event.preventDefault();
    event.stopPropagation(); // elsewhere on the page sounds are opened
    take(droppedItems(event.dataTransfer)).catch(wrong);
  });
  for (const id of ["train-choose", "train-files"]) {
    const chooser = input(id);
    chooser.addEventListener("change", () => {
      take(Promise.resolve(chosenItems(chooser))).catch(wrong);
      chooser.value = "";
    });
  }
  button("train-start").addEventListener("click", trying(start));
  button("train-stop").addEventListener("click", trying(() => act("stop")));
  button("train-keep").addEventListener("click", trying(keep));
  button("train-use").addEventListener("click", trying(use));
  select("train-name").addEventListener("change", trying(() => {
    [chosen, sent] = [select("train-name").value, ""];
    return look();
  }));
  setUpHearing();
  new ResizeObserver(() => training?.run && paint(training.run)).observe(element("train-curve"));
  document.addEventListener("visibilitychange", () => !document.hidden && void look());
  element("tab-train").addEventListener("click", () => void look());
  await look();
}

/** See what there is, now and again in a while. */
async function look() {
  clearTimeout(timer);
  const open = () => !element("train").hidden;
  try {
    await fetched();
  } catch (error) {
    if (open()) wrong(error);
  }
  clearTimeout(timer);
  const again = () => !document.hidden && void look();
  if (open() || training?.training) timer = window.setTimeout(again, open() && training?.training ? OFTEN_MS : SELDOM_MS);
}

async function fetched() {
  const query = chosen && !sent ? `?${new URLSearchParams({ name: chosen })}` : "";
  training = /** @type {Training} */ (await (await call(`api/training${query}`)).json());
  await show(training);
}

// Sounds ---------------------------------------------------------------------------------------------------------------

/** Send what was dropped or chosen, and have it looked through. @param {Promise<Item[]>} finding */
async function take(finding) {
  const said = element("train-sent");
  try {
    said.textContent = "reading …";
    element("train-report").replaceChildren();
    const folder = sorted(await finding, training?.suffixes ?? [], training?.most ?? { files: 0, bytes: 0 });
    const whole = `${count(folder.items.length, "file")}, ${megabytes(folder.bytes)}`;
    const answer = await sendFolder(folder, (done) => (said.textContent = `sending: ${done} of ${whole}`));
    const left = folder.left ? `; ${count(folder.left, "other file")} stayed where they are` : "";
    const refused = answer.refused.length ? `; ${answer.refused.length} refused (${answer.refused[0]})` : "";
    said.textContent = `${whole} in ${answer.sounds}${left}${refused}. The doctor looks through them …`;
    const report = await (await post("api/training/check", { name: answer.name })).json();
    said.textContent = `${whole} in ${answer.sounds}${left}${refused}`;
    sent = answer.name;
    showReport(report);
    await look();
    right();
  } catch (error) {
    said.textContent = "";
    throw error;
  }
}

/** @param {{headline: string, forecast: string, overview: {name: string, text: string}[], sections: {title: string, lines: string[]}[]}} report */
function showReport({ headline, forecast, overview, sections }) {
  const facts = overview.map(({ name, text }) => make("li", {}, `${name}: ${text}`));
  const found = sections.map(({ title, lines }) =>
    make("details", {}, make("summary", {}, `${lines.length} · ${title}`), make("ul", {}, ...lines.map((line) => make("li", {}, line)))),
  );
  element("train-report").replaceChildren(
    make("p", {}, make("b", {}, headline)),
    make("p", { class: "quiet" }, `Forecast: ${forecast}`),
    make("details", {}, make("summary", {}, "What the folder is made of"), make("ul", {}, ...facts)),
    ...found,
  );
}

// The run --------------------------------------------------------------------------------------------------------------

async function start() {
  const name = sent || training?.run?.name;
  if (!name) throw new Wrong("Drop a folder of kicks first.");
  const minutes = input("train-minutes").valueAsNumber;
  if (!(minutes > 0)) throw new Wrong("minutes: a number above 0 works.");
  await post("api/training/train", { name, minutes, config: select("train-config").value });
  [chosen, sent] = [name, ""];
  await look();
}

/** @param {string} what */
async function act(what) {
  if (training?.run) await post(`api/training/${what}`, { name: training.run.name });
  await look();
}

async function keep() {
  if (!training?.run) return;
  const { path } = await (await post("api/training/keep", { name: training.run.name })).json();
  await look();
  element("train-kept").textContent = `kept: ${path}`;
}

async function use() {
  await act("use");
  location.reload(); // another model has other kicks, favourites and controls
}

/** @param {Training} found */
async function show({ needs, folder, configs, names, training: active, run, reading }) {
  element("train-needs").textContent = needs && `${needs[0].toUpperCase()}${needs.slice(1)}.`;
  element("train-folder").textContent = folder;
  if (reading) element("train-sent").textContent = `The doctor looks through them: ${reading[0]} of ${reading[1]} …`;
  element("tab-train").textContent = active ? "Train ●" : "Train";
  element("tab-train").title = active ? `${active} is being trained` : "";
  const config = select("train-config");
  if (!config.options.length) config.append(...Object.entries(configs).map(([value, what]) => make("option", { value }, `${value}: ${what}`)));
  const name = select("train-name");
  if ([...name.options].map(({ value }) => value).join() !== names.join()) name.replaceChildren(...names.map((value) => make("option", { value }, value)));
  const old = !sent && run !== null && (run.begun || ACTIVE.includes(run.state));
  const seen = run !== null && (!sent || active !== null); // what trains is seen while another folder waits
  element("train-run").hidden = !seen;
  button("train-start").textContent = old ? "Go on" : "Train";
  button("train-start").disabled = Boolean(needs) || active !== null || (!sent && (run === null || run.command === null));
  (config.closest("label") ?? config).hidden = old;
  button("train-stop").disabled = run?.state !== "running";
  if (seen) {
    name.value = run.name;
    await showRun(run);
  }
}

/** @param {Run} run */
async function showRun(run) {
  const active = ACTIVE.includes(run.state);
  const state = run.state === "ended" && run.wrong ? "failed" : PHASES[run.state];
  if (element("train-state").textContent !== state) element("train-state").textContent = state;
  element("train-said").textContent = run.said;
  element("train-said").classList.toggle("far", run.wrong);
  const progress = /** @type {HTMLProgressElement} */ (element("train-progress"));
  progress.hidden = !active;
  progress.value = run.budget && run.left !== null ? 1 - run.left / run.budget : 0;
  const left = active && run.left !== null ? `, ${clock(run.left)} left` : "";
  element("train-step").textContent = run.step ? `step ${run.step}${left}` : "";
  element("train-command").textContent = run.command ?? "";
  element("train-kept").textContent = run.kept.length ? `kept: ${run.kept.join(", ")}` : "";
  element("train-events").replaceChildren(...run.events.map(({ step, text }) => make("li", {}, `step ${step}: ${text}`)));
  element("train-told").hidden = !run.events.length;
  for (const id of ["train-keep", "train-use"]) button(id).disabled = !run.model || active;
  button("train-use").textContent = run.playing ? "The studio plays it: load it anew" : "Start the studio with it";
  paint(run);
  await offer(run.name, run.snapshots);
}

/** @param {Run} run */
function paint({ curve, snapshots }) {
  const canvas = /** @type {HTMLCanvasElement} */ (element("train-curve"));
  canvas.hidden = !curve.steps.length;
  if (canvas.hidden) return;
  drawCurve(canvas, curve, snapshots);
  const keys = drawn(curve).map(({ name, colour }) => {
    const value = curve.losses[name].at(-1);
    return make("span", {}, make("i", { class: `key ${colour}` }), `${name} ${typeof value === "number" ? value.toPrecision(3) : ""}`);
  });
  const last = snapshots.at(-1);
  const real = last && last.floor !== null ? ` (real-vs-real ${last.floor.toPrecision(3)})` : "";
  if (last) keys.push(make("span", {}, make("i", { class: "key gold" }), `score ${last.score.toPrecision(3)}${real}; lower is better`));
  element("train-legend").replaceChildren(...keys);
  canvas.setAttribute("aria-label", `Losses and scores: ${element("train-legend").textContent}`);
}

/** @param {number} seconds */
const clock = (seconds) => `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`;
