// What the pages do beyond HTML. Without it every link and form still works.
import "./htmx.js";
import { startClocks } from "./clocks.js";
import { startDrawer } from "./drawer.js";
import { startKeys } from "./keys.js";
import { startLive } from "./live.js";
import { startPathway } from "./pathway.js";
import { startStill } from "./still.js";
import { startTimeout } from "./timeout.js";
import { startTyped } from "./typed.js";

startClocks();
startDrawer();
startKeys();
startTyped();
startStill();
startTimeout();
if (document.querySelector("#rows")) startLive();
const picture = document.querySelector(".picture[data-live]");
if (picture) startPathway(picture);
document.documentElement.dataset.ready = "yes";
