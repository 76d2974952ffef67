// `node --import ./test/load/plant.ts …` with `SPECGATE_PLANT=<name>` starts a program with one of the planted bugs in its
// source. Says on stderr that it is planted; ends the process when a place is not as expected.
import { registerHooks } from "node:module";
import { pathToFileURL } from "node:url";
import { plant, plantedBugs } from "./planted.ts";

const name = process.env.SPECGATE_PLANT ?? "";
const bug = plantedBugs[name];
if (bug === undefined) throw new Error(`SPECGATE_PLANT is "${name}"; there is: ${Object.keys(plantedBugs).join(", ")}`);
const open = new Set(bug.edits);
const root = pathToFileURL(`${process.cwd()}/`).href;

registerHooks({
  load: (url, context, next) => {
    const loaded = next(url, context);
    const edits = [...open].filter(({ file }) => url === root + file);
    if (edits.length === 0) return loaded;
    let source = String(loaded.source);
    for (const edit of edits) {
      source = plant(source, edit);
      open.delete(edit);
    }
    if (open.size === 0) process.stderr.write(`planted: ${name}\n`);
    return { ...loaded, source };
  },
});
