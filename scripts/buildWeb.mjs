// Builds the pages of `web/` into `web/dist`, unless what is there was made of the same sources. Whatever serves the gateway from this
// repository runs it first, so that a fresh clone needs no step of its own: it takes a second or two, and nothing when there is nothing to do.
import { createHash, randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

const root = resolve(import.meta.dirname, "..");
const web = join(root, "web");
const dist = join(web, "dist");
const mark = "sources.sha256";

/** Resolves to whether it had to build. Several at once do no harm: each builds aside, and the last to finish stays. */
export async function buildWeb() {
  const sources = hashOfSources();
  if (existsSync(join(dist, mark)) && readFileSync(join(dist, mark), "utf8") === sources) return false;
  const { build } = await import("vite");
  const aside = join(web, `dist.${randomBytes(6).toString("hex")}`);
  await build({ configFile: join(web, "vite.config.ts"), build: { outDir: aside } });
  writeFileSync(join(aside, mark), sources);
  replace(dist, aside);
  return true;
}

function hashOfSources() {
  const hash = createHash("sha256");
  const files = readdirSync(web, { recursive: true, encoding: "utf8" }).filter(
    (name) => /\.(tsx?|css)$/.test(name) && !/^dist/.test(name),
  );
  for (const name of files.sort()) hash.update(`${name}\n`).update(readFileSync(join(web, name)));
  for (const name of ["vite", "preact"])
    hash.update(JSON.parse(readFileSync(join(root, "node_modules", name, "package.json"), "utf8")).version);
  return hash.digest("hex");
}

/** A folder cannot be put in the place of another in one step, so the other one steps aside. */
function replace(folder, by) {
  const old = `${by}.old`;
  for (let tries = 0; ; tries++) {
    try {
      mkdirSync(web, { recursive: true });
      if (existsSync(folder)) renameSync(folder, old);
      renameSync(by, folder);
      break;
    } catch (thrown) {
      if (tries > 20) throw thrown; // somebody else was as quick
    }
  }
  rmSync(old, { recursive: true, force: true });
}

/** For Vitest: the pages are there before a test asks for them. */
export async function setup() {
  await buildWeb();
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) await buildWeb();
