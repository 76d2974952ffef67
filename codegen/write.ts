import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join, resolve, sep } from "node:path";
import { GatewayError } from "../src/errors.ts";
import type { EmittedFiles } from "./emit.ts";

/** How a folder differs from what it should hold; paths inside it, sorted. */
export interface Changes {
  readonly added: readonly string[];
  readonly changed: readonly string[];
  readonly removed: readonly string[];
  readonly unchanged: number;
}

/** Compares a folder with the files it should hold. A folder that does not exist is empty. */
export async function compareFiles(folder: string, files: EmittedFiles): Promise<Changes> {
  const present = await listFiles(folder);
  const added: string[] = [];
  const changed: string[] = [];
  for (const [path, text] of files) {
    if (!present.has(path)) added.push(path);
    else if ((await readFile(join(folder, path), "utf8")) !== text) changed.push(path);
  }
  const removed = [...present].filter((path) => !files.has(path));
  return {
    added: added.sort(),
    changed: changed.sort(),
    removed: removed.sort(),
    unchanged: files.size - added.length - changed.length,
  };
}

/** Whether anything differs. */
export function hasChanges({ added, changed, removed }: Changes): boolean {
  return added.length + changed.length + removed.length > 0;
}

/**
 * Makes the folder hold exactly these files. They are written beside it first and the folders then change places, so that
 * there is never half a result; nothing is touched when nothing differs. Throws `invalid_request` when the folder holds
 * something that codegen did not write.
 */
export async function writeFiles(folder: string, files: EmittedFiles): Promise<Changes> {
  const target = resolve(folder);
  const changes = await compareFiles(target, files);
  if (!hasChanges(changes)) return changes;
  await rejectForeign(target, changes);
  await mkdir(dirname(target), { recursive: true });
  const fresh = await mkdtemp(join(dirname(target), `.${basename(target)}-`));
  try {
    await writeAll(fresh, files);
    await swap(fresh, target);
  } catch (thrown) {
    await rm(fresh, { recursive: true, force: true });
    throw thrown;
  }
  return changes;
}

/** A folder with files but without a manifest was not written by codegen: replacing it would delete somebody's work. */
async function rejectForeign(target: string, { removed, unchanged, changed }: Changes): Promise<void> {
  const isOurs = removed.includes("manifest.json") || (await listFiles(target)).has("manifest.json");
  if (isOurs || removed.length + unchanged + changed.length === 0) return;
  throw new GatewayError(
    "invalid_request",
    `${target} holds files that codegen did not write, such as ${removed[0] ?? changed[0]}`,
    {
      next: "Name another folder with --out, or empty this one.",
    },
  );
}

async function writeAll(folder: string, files: EmittedFiles): Promise<void> {
  const folders = new Set([...files.keys()].map((path) => dirname(join(folder, path))));
  for (const one of folders) await mkdir(one, { recursive: true });
  await Promise.all([...files].map(([path, text]) => writeFile(join(folder, path), text)));
}

async function swap(fresh: string, target: string): Promise<void> {
  const old = `${fresh}-old`;
  const hadTarget = await rename(target, old).then(
    () => true,
    (thrown: NodeJS.ErrnoException) => {
      if (thrown.code === "ENOENT") return false;
      throw thrown;
    },
  );
  try {
    await rename(fresh, target);
  } catch (thrown) {
    if (hadTarget) await rename(old, target);
    throw thrown;
  }
  await rm(old, { recursive: true, force: true });
}

async function listFiles(folder: string): Promise<Set<string>> {
  const root = resolve(folder);
  const entries = await readdir(root, { recursive: true, withFileTypes: true }).catch(
    (thrown: NodeJS.ErrnoException) => {
      if (thrown.code === "ENOENT") return [];
      throw thrown;
    },
  );
  const files = entries.filter((entry) => !entry.isDirectory());
  return new Set(
    files.map((entry) =>
      join(entry.parentPath, entry.name)
        .slice(root.length + 1)
        .replaceAll(sep, "/"),
    ),
  );
}
