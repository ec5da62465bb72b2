// The drawer beside the list: opened by a row, filled by fragments; focus moves only when a person opened it.
import htmx from "./htmx.js";
import { forget, remember, restore, save } from "./typed.js";

const drawer = () => document.querySelector("#drawer");
let opener = null;
let opened = false;
let turns = 0; // how often a person turned to another row: an answer that comes after the next turn is not shown

export function closeDrawer() {
  if (!drawer()?.firstChild) return false;
  save();
  drawer().replaceChildren();
  choose(null);
  opener?.isConnected && opener.focus();
  return true;
}

function choose(row) {
  document.querySelectorAll("tr.chosen").forEach((each) => each.classList.remove("chosen"));
  row?.classList.add("chosen");
}

export function toast(text, bad = false) {
  const note = document.createElement("p");
  note.className = bad ? "toast bad" : "toast";
  note.textContent = text;
  document.querySelector("#toasts").append(note);
  setTimeout(() => note.remove(), 10_000);
}

async function post(form, submitter) {
  const body = new URLSearchParams(new FormData(form, submitter));
  const action = submitter?.getAttribute("formaction") ?? form.getAttribute("action");
  const answer = await fetch(action, { method: "POST", body, headers: { "HX-Request": "true" }, redirect: "follow" });
  return { answer, text: await answer.text() };
}

function fill(html) {
  const target = drawer() ?? document.querySelector(".single");
  target.innerHTML = html;
  htmx.process(target);
  choose(document.querySelector(`#t${CSS.escape(shownTask() ?? "")}`));
  (target.querySelector(".summary") ?? target.querySelector("h2"))?.focus();
}

const AWAY = "Carelane did not answer. Look whether it was done, before you repeat it.";
const isTask = (html) => html.includes("data-task=");

function problemIn(html, elsewhere) {
  const answer = new DOMParser().parseFromString(html, "text/html");
  const said = answer.querySelector(".task .notice.bad b") ?? answer.querySelector(".notice.bad");
  const title = elsewhere ? answer.querySelector("#task-h")?.textContent : "";
  return [title, said?.textContent ?? "Not done."].filter(Boolean).join(": ");
}

// Another row's work is never shown, nor can be acted on, under a row that was chosen while its own is on its way.
function turnTo(link) {
  turns += 1;
  save();
  if (!drawer().firstChild || link.getAttribute("href").endsWith(`/${shownTask()}`)) return;
  say("One moment.", "muted");
}

function say(text, kind) {
  const note = document.createElement("p");
  note.className = `task ${kind}`;
  note.textContent = text;
  drawer().replaceChildren(note);
}

// One at a time per form: the second click of a double click would be told that somebody was faster.
async function part(form, submitter) {
  if (form.dataset.sent) return;
  form.dataset.sent = "yes";
  const turn = turns;
  const done = await post(form, submitter).catch(() => null);
  delete form.dataset.sent;
  if (!done) return toast(AWAY, true);
  const { answer, text } = done;
  const task = form.closest("[data-task]")?.dataset.task ?? form.closest("tr")?.id.slice(1);
  if (leads(answer, task)) return;
  if (!answer.ok) toast(problemIn(text, turn !== turns), true);
  if (turn !== turns) return refresh(task);
  if (!isTask(text) && shownTask()) return; // what is written there stays
  if (!form.matches("[data-form]")) save();
  fill(text);
  keep(form, submitter, answer.ok);
  await refresh(shownTask());
}

function leads(answer, task) {
  if (answer.status !== 401 && !answer.redirected) return false;
  forget(task);
  location.assign(answer.status === 401 ? "/sign-in?why=idle" : answer.url);
  return true;
}

// The form's own answer has what was sent, and is newer; any other button's has the last draft.
function keep(form, submitter, ok) {
  if (!form.matches("[data-form]")) return restore();
  forget(shownTask());
  if (!(ok && submitter?.getAttribute("formaction")?.endsWith("/draft"))) remember();
}

const shownTask = () => document.querySelector("#drawer [data-task], .single [data-task]")?.dataset.task;

export async function refresh(id) {
  const row = id && document.querySelector(`#t${CSS.escape(id)}`);
  if (!row) return;
  const answer = await fetch(`/tasks/${id}/row`, { headers: { "HX-Request": "true" } }).catch(() => null);
  if (!answer || answer.status >= 500) return; // nobody knows: work does not leave the list by a failure
  if (!answer.ok) return row.remove();
  const html = (await answer.text()).trim();
  if (!html) return row.remove();
  const holder = document.createElement("template");
  holder.innerHTML = html;
  const fresh = holder.content.querySelector("tr");
  const focused = row.contains(document.activeElement);
  fresh.classList.add("changed");
  if (row.classList.contains("chosen")) choose(fresh);
  row.replaceWith(fresh);
  htmx.process(fresh);
  if (focused) fresh.querySelector("a.open")?.focus();
}

export function startDrawer() {
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a.open");
    if (link && drawer()) {
      turnTo(link);
      opener = link;
      opened = true;
      choose(link.closest("tr"));
    }
    if (event.target.closest("[data-close]") && closeDrawer()) event.preventDefault();
  }, true);
  document.addEventListener("htmx:error", (event) => {
    if (!opened || !event.target.closest?.("a.open")) return;
    opened = false;
    say("Carelane did not answer. Open it again in a moment.", "late");
  });
  document.addEventListener("htmx:after:swap", () => {
    if (!opened) return;
    opened = false;
    drawer()?.querySelector("h2")?.focus();
  });
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!form.matches("[data-part], [data-form], [data-claim]")) return;
    if (form.matches("[data-claim]") && !drawer()) return;
    if (!form.closest("#drawer, #rows, .single")) return;
    event.preventDefault();
    opener ??= form.closest("tr")?.querySelector("a.open") ?? null;
    part(form, event.submitter);
  });
}
