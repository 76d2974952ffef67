// `node --import ./test/permissions/plant.ts …` with PLANT=<JSON of an Edit> starts a program with one place of its source changed.
import { registerHooks } from "node:module";
import { pathToFileURL } from "node:url";
import { type Edit, plant } from "../load/planted.ts";

const edit = JSON.parse(process.env.PLANT ?? "") as Edit;
const url = pathToFileURL(`${process.cwd()}/${edit.file}`).href;

registerHooks({
  load: (loading, context, next) => {
    const loaded = next(loading, context);
    if (loading !== url) return loaded;
    return { ...loaded, source: plant(String(loaded.source), edit) };
  },
});
