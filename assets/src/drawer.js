// The drawer beside the list: opened by a row, filled by fragments; focus moves only when a person opened it.
import htmx from "./htmx.js";
import { forget, remember, restore, save } from "./typed.js";

const drawer = () => document.querySelector("#drawer");
let opener = null;
let opened = false;

export function closeDrawer() {
  if (!drawer()?.firstChild) return false;
  save();
  drawer().replaceChildren();
  document.querySelectorAll("tr.chosen").forEach((row) => row.classList.remove("chosen"));
  opener?.isConnected && opener.focus();
  return true;
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
  (target.querySelector(".summary") ?? target.querySelector("h2"))?.focus();
}

const AWAY = "Carelane did not answer. Look whether it was done, before you repeat it.";
const problemIn = (html) => new DOMParser().parseFromString(html, "text/html").querySelector(".notice.bad")?.textContent;
const isTask = (html) => html.includes("data-task=");

// One at a time per form: the second click of a double click would be told that somebody was faster.
async function part(form, submitter) {
  if (form.dataset.sent) return;
  form.dataset.sent = "yes";
  const done = await post(form, submitter).catch(() => null);
  delete form.dataset.sent;
  if (!done) return toast(AWAY, true);
  const { answer, text } = done;
  const task = form.closest("[data-task]")?.dataset.task;
  if (answer.status === 401 || answer.redirected) forget(task);
  if (answer.status === 401) return location.assign("/sign-in?why=idle");
  if (answer.redirected) return location.assign(answer.url);
  if (!isTask(text) && shownTask()) return toast(problemIn(text) ?? "Not done.", true); // what is written there stays
  if (!form.matches("[data-form]")) save();
  fill(text);
  keep(form, submitter, answer.ok);
  if (!answer.ok) toast(drawerProblem() ?? "Not done.", true);
  await refresh(shownTask());
}

// The form's own answer has what was sent, and is newer; any other button's has the last draft.
function keep(form, submitter, ok) {
  if (!form.matches("[data-form]")) return restore();
  forget(shownTask());
  if (!(ok && submitter?.getAttribute("formaction")?.endsWith("/draft"))) remember();
}

const shownTask = () => document.querySelector("#drawer [data-task], .single [data-task]")?.dataset.task;
const drawerProblem = () => drawer()?.querySelector(".notice.bad b")?.textContent;

export async function refresh(id) {
  const row = id && document.querySelector(`#t${CSS.escape(id)}`);
  if (!row) return;
  const answer = await fetch(`/tasks/${id}/row`, { headers: { "HX-Request": "true" } });
  if (!answer.ok) return row.remove();
  const html = (await answer.text()).trim();
  if (!html) return row.remove();
  const holder = document.createElement("template");
  holder.innerHTML = html;
  const fresh = holder.content.querySelector("tr");
  const focused = row.contains(document.activeElement);
  fresh.classList.add("changed");
  row.replaceWith(fresh);
  htmx.process(fresh);
  if (focused) fresh.querySelector("a.open")?.focus();
}

export function startDrawer() {
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a.open");
    if (link && drawer()) {
      save();
      opener = link;
      opened = true;
      document.querySelectorAll("tr.chosen").forEach((row) => row.classList.remove("chosen"));
      link.closest("tr")?.classList.add("chosen");
    }
    if (event.target.closest("[data-close]") && closeDrawer()) event.preventDefault();
  }, true);
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
