// What a person types into a task's form is theirs: a draft at the server while they hold the task; else this page alone
// has it until it goes, and asks before. Nothing is stored in the browser.
const QUIET_MS = 15_000; // after the last key
const WAIT_MS = 5_000; // for an answer: a sign-out waits for it
const unsaved = new Map(); // by task: what its form holds, in pairs of name and value
let written = null; // a text into another form, which no draft keeps
let timer = 0;

const shown = () => document.querySelector(".task form[data-form]");
const taskOf = (form) => form.closest("[data-task]").dataset.task;
const isTyped = (name) => name.startsWith("f-") || name === "reason";
const draft = (form) => form.querySelector("[formaction$='/draft']");

export const forget = (task) => unsaved.delete(task);

export function forgetAll() {
  unsaved.clear();
  written = null;
}

export function remember() {
  const form = shown();
  if (!form) return;
  unsaved.set(taskOf(form), [...new FormData(form)].filter(([name]) => isTyped(name)));
  clearTimeout(timer);
  timer = setTimeout(save, QUIET_MS);
}

export function restore() {
  const form = shown();
  const typed = form && unsaved.get(taskOf(form));
  if (!typed) return;
  const given = new Map(typed);
  for (const field of form.elements) {
    if (!isTyped(field.name)) continue;
    if (field.type === "checkbox") field.checked = given.has(field.name);
    else field.value = given.get(field.name) ?? "";
  }
  remember();
}

// A draft of the form that is shown; ends when the server has it, or when it can't be had.
export async function save({ leaving = false } = {}) {
  const form = shown();
  const typed = form && unsaved.get(taskOf(form));
  if (!typed || !draft(form)) return;
  const task = taskOf(form);
  const body = new URLSearchParams(new FormData(form));
  const signal = AbortSignal.timeout(WAIT_MS);
  const how = { method: "POST", body, redirect: "manual", keepalive: leaving, signal };
  const answer = await fetch(draft(form).getAttribute("formaction"), how).catch(() => null);
  if (answer?.type !== "opaqueredirect") return;
  if (unsaved.get(task) === typed) forget(task);
  const said = form.querySelector("[data-kept]");
  if (said && !said.textContent) said.textContent = "What you write is kept as a draft.";
}

export function startTyped() {
  for (const kind of ["input", "change"]) {
    document.addEventListener(kind, ({ target }) => {
      if (target.closest(".task form[data-form]")) remember();
      else if (target.matches("form[method=post] textarea")) written = target;
    });
  }
  document.addEventListener("submit", ({ target }) => { if (target.contains(written)) written = null; });
  document.addEventListener("htmx:after:swap", restore);
  document.addEventListener("visibilitychange", () => { if (document.hidden) save({ leaving: true }); });
  addEventListener("beforeunload", (event) => {
    save({ leaving: true });
    const form = shown();
    const sent = form && draft(form) ? taskOf(form) : "";
    const lost = [...unsaved.keys()].some((task) => task !== sent) || (written?.isConnected && written.value.trim());
    if (lost) event.preventDefault();
  });
}
