// Work ends, or goes to somebody else, while a person has it open: they are told before they act on it or call anybody.
import { refresh } from "./drawer.js";

const LOOK_MS = 20_000;
const acts = (task) => task.querySelector(".more-acts"); // only work that is open has them

async function look() {
  const task = document.querySelector(".task[data-task]:not([data-stale])");
  if (!task || !acts(task) || document.hidden) return;
  const answer = await fetch(`/events/${task.dataset.task}`, { headers: { "HX-Request": "true" } }).catch(() => null);
  if (!answer || ![200, 403, 404].includes(answer.status)) return;
  const { version, over } = await answer.json();
  if (!task.isConnected || (!over && version === Number(task.dataset.version))) return;
  warn(task, over ? "This task ended meanwhile." : "This task changed meanwhile.");
  await refresh(task.dataset.task);
}

function warn(task, text) {
  task.dataset.stale = "yes";
  const note = document.createElement("p");
  note.className = "notice bad";
  note.setAttribute("role", "alert");
  const link = Object.assign(document.createElement("a"), { href: `/tasks/${task.dataset.task}`, textContent: "See how it is now" });
  note.append(`${text} `, link);
  task.querySelector("header").after(note);
}

export function startStill() {
  setInterval(look, LOOK_MS);
}
