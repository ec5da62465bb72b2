// Single keys for triage (off by a box in the help: WCAG 2.1.4). They never act while someone types.
import { closeDrawer } from "./drawer.js";

const STORED = "carelane-keys";
const links = () => [...document.querySelectorAll("#rows a.open")];
const current = () => document.activeElement?.closest?.("tr") ?? document.querySelector("tr.chosen");

function move(by) {
  const all = links();
  const at = all.indexOf(current()?.querySelector("a.open"));
  const next = all[at === -1 ? 0 : Math.min(Math.max(at + by, 0), all.length - 1)];
  next?.focus();
}

function act(name) {
  const part = document.querySelector(`.task [data-act="${name}"]`);
  if (!part) return;
  part.open = true;
  part.querySelector("select, input:not([type=hidden])")?.focus();
}

const KEYS = {
  j: () => move(1),
  k: () => move(-1),
  c: () => (document.querySelector(".task [data-key=c]") ?? current()?.querySelector("[data-claim] button"))?.click(),
  e: () => document.querySelector(".task .form :is(select, textarea, input:not([type=hidden]), button)")?.focus(),
  a: () => act("a"),
  x: () => act("x"),
  h: () => act("h"),
  "/": () => document.querySelector(".filters select, .filters input:not([type=hidden])")?.focus(),
  "?": () => document.querySelector("#help")?.showModal(),
};

export function startKeys() {
  const box = document.querySelector("[data-keys]");
  if (!box) return;
  box.checked = localStorage.getItem(STORED) !== "off";
  box.addEventListener("change", () => localStorage.setItem(STORED, box.checked ? "on" : "off"));
  const help = document.querySelector("[data-help]");
  help.hidden = false;
  help.addEventListener("click", KEYS["?"]);
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, select, textarea, dialog")) return;
    if (event.key === "Escape") { closeDrawer(); return; }
    const key = KEYS[event.key.toLowerCase()];
    if (!key || !box.checked) return;
    event.preventDefault();
    key();
  });
}
