import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { GatewayError } from "../errors.ts";
import type { ZipEntry } from "./zip.ts";

/** Where this file is: `src/cli` of the sources, or of what was built from them. */
const here = dirname(fileURLToPath(import.meta.url));
/** `.ts` from source, `.js` from a package. */
const extension = import.meta.url.endsWith(".ts") ? ".ts" : ".js";

/** The program, as far as a stdio server needs it: its own files, and the packages that they import. */
export interface Program {
  readonly entries: readonly ZipEntry[];
  /** Within the bundle. */
  readonly entryPoint: string;
}

/** @param folder of the bundle, without a slash at the end */
export function programFiles(folder: string): Program {
  const root = dirname(here);
  const { files, packages } = reachable(
    [`main${extension}`, `cli/cli${extension}`, `cli/stdio${extension}`].map((name) => join(root, name)),
  );
  const own = files.map((file) => entry(`${folder}/src/${slashed(relative(root, file))}`, readFileSync(file)));
  const { name, version } = JSON.parse(readFileSync(packageFile(root), "utf8")) as { name: string; version: string };
  const about = entry(`${folder}/package.json`, Buffer.from(JSON.stringify({ name, version, type: "module" })));
  return {
    entries: [...own, about, ...packageFiles(packages, root, `${folder}/node_modules`)],
    entryPoint: `${folder}/src/main${extension}`,
  };
}

/** Every file of a folder that exists, under `to`. */
export function folderFiles(from: string, to: string): readonly ZipEntry[] {
  if (!existsSync(from)) return [];
  return readdirSync(from, { recursive: true, withFileTypes: true })
    .filter((one) => one.isFile())
    .map((one) => join(one.parentPath, one.name))
    .map((file) => entry(`${to}/${slashed(relative(from, file))}`, readFileSync(file)));
}

function entry(name: string, data: Uint8Array): ZipEntry {
  return { name, data };
}

function slashed(path: string): string {
  return path.split(sep).join("/");
}

function packageFile(from: string): string {
  const file = join(from, "package.json");
  return existsSync(file) ? file : packageFile(dirname(from));
}

/** Imports of values: what types alone need is left out, in sources too. */
const imports = /^\s*(?:import|export)\s+(?!type\s)(?:[\w*\s{},$]*?\sfrom\s+)?"([^"]+)"|\bimport\(\s*"([^"]+)"\s*\)/gm;

/**
 * The files that `starts` import, and the names of packages. What a command line loads when it is asked to is not followed: the
 * other commands, and what generates.
 */
function reachable(starts: readonly string[]): {
  readonly files: readonly string[];
  readonly packages: readonly string[];
} {
  const files = new Set<string>();
  const packages = new Set<string>();
  const waiting = [...starts];
  for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
    if (files.has(file)) continue;
    files.add(file);
    const isCommand = dirname(file) === here;
    for (const [, fixed, dynamic] of readFileSync(file, "utf8").matchAll(imports)) {
      const specifier = fixed ?? (isCommand ? undefined : dynamic);
      if (specifier === undefined || specifier.startsWith("node:")) continue;
      if (specifier.startsWith(".")) waiting.push(join(dirname(file), specifier));
      else packages.add(packageName(specifier));
    }
  }
  return { files: [...files], packages: [...packages] };
}

function packageName(specifier: string): string {
  return specifier.split("/", specifier.startsWith("@") ? 2 : 1).join("/");
}

interface PackageJson {
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly peerDependenciesMeta?: Readonly<Record<string, { readonly optional?: boolean }>>;
}

/** The installed packages of these names with all that they depend on, each where it was found. */
function packageFiles(names: readonly string[], from: string, to: string): readonly ZipEntry[] {
  const folders = new Set<string>();
  const waiting = names.map((name) => ({ name, from, isNeeded: true }));
  for (let one = waiting.pop(); one !== undefined; one = waiting.pop()) {
    const folder = installed(one.name, one.from);
    if (folder === undefined && one.isNeeded)
      throw new GatewayError("invalid_request", `the package ${one.name} is not installed; run npm install first`);
    if (folder === undefined || folders.has(folder)) continue;
    folders.add(folder);
    const facts = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as PackageJson;
    for (const name of Object.keys(facts.dependencies ?? {})) waiting.push({ name, from: folder, isNeeded: true });
    for (const name of Object.keys({ ...facts.optionalDependencies, ...facts.peerDependencies }))
      if (facts.peerDependenciesMeta?.[name]?.optional !== true) waiting.push({ name, from: folder, isNeeded: false });
  }
  return [...folders].flatMap((folder) =>
    ofPackage(folder, `${to}/${slashed(folder.slice(folder.indexOf("node_modules") + 13))}`),
  );
}

/** As Node finds a package: in the nearest `node_modules` that has it. */
function installed(name: string, from: string): string | undefined {
  const folder = join(from, "node_modules", name);
  if (existsSync(join(folder, "package.json"))) return folder;
  const parent = dirname(from);
  return parent === from ? undefined : installed(name, parent);
}

/** What a package runs with, and its licence. */
function ofPackage(folder: string, to: string): readonly ZipEntry[] {
  return folderFiles(folder, to).filter(({ name }) => {
    const own = name.slice(to.length + 1);
    if (own.startsWith("node_modules/")) return false; // packages of their own
    return /\.(js|mjs|cjs|json|node|wasm)$/.test(own) || /(^|\/)(licen[cs]e|notice|copying)[^/]*$/i.test(own);
  });
}
