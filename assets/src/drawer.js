// The drawer beside the list: opened by a row, filled by fragments; focus moves only when a person opened it.
import htmx from "./htmx.js";

const drawer = () => document.querySelector("#drawer");
let opener = null;
let opened = false;

export function closeDrawer() {
  if (!drawer()?.firstChild) return false;
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

async function part(form, submitter) {
  const { answer, text } = await post(form, submitter);
  if (answer.status === 401) return location.assign("/sign-in?why=idle");
  if (answer.redirected) return location.assign(answer.url);
  fill(text);
  if (!answer.ok) toast(drawerProblem() ?? "Not done.", true);
  await refresh(drawer()?.querySelector("[data-task]")?.dataset.task);
}

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
    if (form.matches("[data-leave]")) { sessionStorage.clear(); return; }
    if (!form.matches("[data-part], [data-form], [data-claim]")) return;
    if (form.matches("[data-claim]") && !drawer()) return;
    if (!form.closest("#drawer, #rows")) return;
    event.preventDefault();
    opener ??= form.closest("tr")?.querySelector("a.open") ?? null;
    part(form, event.submitter);
  });
}
