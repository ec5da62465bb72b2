// A pathway's page: counts in the picture and the table stay current; the picture opens where a case starts.
import { correct, serverNow, words } from "./clocks.js";

const all = (name) => document.querySelectorAll(`[data-${name}]`);

function say(node, text) { if (node.textContent !== text) node.textContent = text; }

function show(states) {
  for (const node of all("state")) say(node, String(states[node.dataset.state]?.open ?? 0));
  for (const node of all("open")) say(node, String(states[node.dataset.open]?.open ?? 0));
  for (const node of all("oldest")) {
    const since = states[node.dataset.oldest]?.oldest;
    say(node, since ? words(serverNow() / 1000 - since).replace(/ (left|late)$/, "") : "-");
  }
  for (const node of all("late")) {
    const late = states[node.dataset.late]?.late ?? 0;
    say(node, String(late));
    node.classList.toggle("late", late > 0);
  }
}

function heard(event) {
  const told = JSON.parse(event.data);
  correct(told.now);
  show(told.states);
  document.documentElement.dataset.counted = String(told.now);
}

// A state that the address names is opened in the list, and brought into the picture's view.
function arrive(picture) {
  const name = decodeURIComponent(location.hash.slice(1));
  const named = name ? document.getElementById(name) : null;
  if (named?.tagName === "DETAILS") named.open = true;
  const there = named && picture.contains(named) ? named : picture.querySelector(".state-own");
  if (!there) return;
  const box = there.getBoundingClientRect(), frame = picture.getBoundingClientRect();
  picture.scrollLeft += box.left + box.width / 2 - frame.left - frame.width / 2;
  picture.scrollTop += box.top - frame.top - (there === named ? frame.height / 3 : 16);
}

export function startPathway(picture) {
  const stream = new EventSource(picture.dataset.live);
  stream.addEventListener("counts", heard);
  stream.addEventListener("over", () => { stream.close(); location.assign("/sign-in?why=idle"); });
  addEventListener("pagehide", () => stream.close());
  addEventListener("hashchange", () => arrive(picture));
  arrive(picture);
}
