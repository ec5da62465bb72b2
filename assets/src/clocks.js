// Clocks run from the server's `now`: the browser's own may be wrong by hours. Text changes by the minute.
const start = performance.now();
let base = Number(document.body.dataset.now) * 1000;

export const serverNow = () => base + (performance.now() - start);
export const correct = (seconds) => { base = seconds * 1000 - (performance.now() - start); };

export function words(seconds) {
  const minutes = Math.floor(Math.abs(seconds) / 60);
  const hours = Math.floor(minutes / 60);
  const days = Math.floor(hours / 24);
  const two = (n) => String(n).padStart(2, "0");
  const text = days ? `${days} d ${hours % 24} h` : hours ? `${hours} h ${two(minutes % 60)} m` : `${minutes} m`;
  return seconds < 0 ? `${text} late` : `${text} left`;
}

function tick() {
  const now = serverNow() / 1000;
  for (const clock of document.querySelectorAll(".sla[data-due]")) {
    const left = Number(clock.dataset.due) - now;
    const heat = left < 0 ? "late" : left < 3600 ? "warn" : "ok";
    const text = words(left);
    if (clock.textContent !== text) clock.textContent = text;
    if (clock.dataset.heat !== heat) clock.dataset.heat = heat;
  }
}

export function startClocks() {
  tick();
  setInterval(tick, 1000);
  for (const note of document.querySelectorAll("[data-vanish]")) {
    setTimeout(() => note.querySelector("form")?.remove(), 10_000);
  }
}
