// Live: rows change in place; new ones wait behind a pill, so that nothing jumps under the pointer.
import { correct } from "./clocks.js";
import { refresh } from "./drawer.js";
import { forgetAll } from "./typed.js";

const SAY_EVERY_MS = 15_000;
const waiting = new Set();
let said = -Infinity;

function pill() {
  const place = document.querySelector("#fresh");
  if (!place || waiting.size === 0) return;
  const button = document.createElement("button");
  button.type = "button";
  button.className = "btn pill";
  button.textContent = `${waiting.size} new, show`;
  button.addEventListener("click", () => location.reload());
  place.replaceChildren(button);
}

function heard(event) {
  const told = JSON.parse(event.data);
  correct(told.now);
  for (const id of told.fresh) if (!document.querySelector(`#t${CSS.escape(id)}`)) waiting.add(id);
  for (const { id, version } of told.changed) {
    const row = document.querySelector(`#t${CSS.escape(id)}`);
    if (row && Number(row.dataset.version) !== version) refresh(id);
  }
  if (waiting.size && performance.now() - said > SAY_EVERY_MS) { said = performance.now(); pill(); }
}

export function startLive() {
  const stream = new EventSource("/events");
  stream.addEventListener("work", heard);
  stream.addEventListener("over", () => { stream.close(); forgetAll(); location.assign("/sign-in?why=idle"); });
  addEventListener("pagehide", () => stream.close());
}
