// Bundles the portal's script, style and font from npm packages: `make` runs it, nothing comes from a CDN.
// Sources: assets/src/app.js and app.css. Result: src/carelane/portal/static/build/ (git-ignored).
import { build } from "esbuild";
import { existsSync, mkdirSync, rmSync } from "node:fs";

const outdir = "src/carelane/portal/static/build";
const entryPoints = ["assets/src/app.js", "assets/src/app.css"].filter((path) => existsSync(path));

rmSync(outdir, { recursive: true, force: true });
mkdirSync(outdir, { recursive: true });
if (entryPoints.length > 0) {
  await build({
    entryPoints,
    outdir,
    bundle: true,
    minify: true,
    target: "es2022",
    loader: { ".woff2": "file" },
    assetNames: "[name]-[hash]",
    legalComments: "linked", // licences of what is bundled travel beside it
    logLevel: "warning",
  });
}
