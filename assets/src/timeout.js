// The screen goes blank when nobody was there for as long as the session lasts; the server ends it by itself. Somebody
// who only types or reads says so to the server, or it would end under their hands; drafts are saved before a sign-out.
import { forgetAll, save } from "./typed.js";

const SEEN = ["pointerdown", "keydown", "scroll"];
const TELL_MS = 60_000;

function leaveBySigningOut() {
  const leave = document.querySelector("[data-leave]");
  leave.addEventListener("submit", async (event) => {
    event.preventDefault();
    await save();
    forgetAll();
    sessionStorage.clear();
    leave.submit();
  });
  return leave;
}

async function tell() {
  const answer = await fetch("/here", { headers: { "HX-Request": "true" } }).catch(() => null);
  if (answer?.status !== 401) return;
  forgetAll();
  location.assign("/sign-in?why=idle");
}

export function startTimeout() {
  const idle = Number(document.body.dataset.idle ?? 0) * 1000;
  if (!idle) return;
  const leave = leaveBySigningOut();
  let last = performance.now();
  let told = last;
  const seen = () => {
    last = performance.now();
    if (last - told < TELL_MS) return;
    told = last;
    tell();
  };
  for (const name of SEEN) addEventListener(name, seen, { passive: true });
  setInterval(() => {
    if (performance.now() - last < idle) return;
    last = performance.now();
    document.body.classList.add("veil");
    leave.elements.why.value = "idle";
    leave.requestSubmit();
  }, 1000);
  addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
}
