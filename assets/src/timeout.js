// The screen goes blank when nobody was there for as long as the session lasts; the server ends it by itself.
const SEEN = ["pointerdown", "keydown", "scroll"];

export function startTimeout() {
  const idle = Number(document.body.dataset.idle ?? 0) * 1000;
  if (!idle) return;
  let last = performance.now();
  const seen = () => { last = performance.now(); };
  for (const name of SEEN) addEventListener(name, seen, { passive: true });
  setInterval(() => {
    if (performance.now() - last < idle) return;
    last = performance.now();
    document.body.classList.add("veil");
    const leave = document.querySelector("[data-leave]");
    leave.elements.why.value = "idle";
    leave.requestSubmit();
  }, 1000);
  addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
}
