import { realpath } from "node:fs/promises";
import { dirname, isAbsolute, relative, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { GatewayError } from "../../src/errors.ts";
import { parseDocument } from "./parse.ts";
import { checkSize, type Fetcher, publicUrl, type ReadSource, readLocal } from "./read.ts";
import { type FoundRef, walkDocument } from "./walk.ts";

/** Files of one Spec; Microsoft Graph's own split has fewer. */
const maxFiles = 2_000;

/** The files a document consists of besides itself. */
export interface Parts {
  /** Parsed, by absolute path or URL. */
  readonly values: ReadonlyMap<string, Readonly<Record<string, unknown>>>;
  /** References to schemas in them, from the document's own folder or absolute, each once. */
  readonly schemas: ReadonlySet<string>;
}

export interface PartsOptions {
  readonly fetch?: Fetcher;
  readonly remoteHosts?: readonly string[];
}

/** A file that refers to others. */
interface Holder {
  readonly name: string;
  /** Absolute path or URL. */
  readonly place: string;
  readonly refs: readonly FoundRef[];
}

/**
 * Reads everything a document refers to, and what that refers to. Files must lie in the document's folder, links followed;
 * hosts must be listed (security.md T13, T41). Throws `invalid_request` naming the reference.
 */
export async function readParts(
  from: ReadSource,
  external: readonly FoundRef[],
  options: PartsOptions,
): Promise<Parts> {
  const { base } = from;
  if (base === undefined) {
    throw refused(
      from.name,
      external[0],
      "leads to another file, but the document came from stdin",
      "Give the document as a file.",
    );
  }
  const values = new Map<string, Readonly<Record<string, unknown>>>();
  const schemas = new Set<string>();
  const root = "file" in base ? base.file : base.url;
  const waiting: Holder[] = [{ name: from.name, place: root, refs: external }];
  for (let holder = waiting.pop(); holder !== undefined; holder = waiting.pop()) {
    for (const found of holder.refs) {
      const { place, pointer } = target(holder, found);
      if (found.isSchema && place !== root) schemas.add(`${shown(place, root)}${pointer}`);
      if (place === root || values.has(place)) continue;
      if (values.size >= maxFiles)
        throw refused(holder.name, found, `is one of more than ${maxFiles} files`, "Use fewer.");
      const name = shown(place, root);
      const value = parseDocument(await readPart(place, holder, found, from, options), name);
      values.set(place, value);
      waiting.push({ name, place, refs: refsIn(value, place) });
    }
  }
  return { values, schemas };
}

/** References of a part: also those within it, since they become references within the whole. */
function refsIn(value: unknown, place: string): FoundRef[] {
  const found: FoundRef[] = [];
  walkDocument(value, {
    onRef: (ref) => found.push(ref.ref.startsWith("#") ? { ...ref, ref: `${place}${ref.ref}` } : ref),
  });
  return found;
}

function target(holder: Holder, found: FoundRef): { readonly place: string; readonly pointer: string } {
  const at = found.ref.indexOf("#");
  const file = at < 0 ? found.ref : found.ref.slice(0, at);
  const pointer = at < 0 ? "" : found.ref.slice(at);
  return { place: locate(holder, found, file), pointer: pointer === "#" ? "" : pointer };
}

function locate(holder: Holder, found: FoundRef, file: string): string {
  if (isUrl(file) || isUrl(holder.place)) {
    const url = URL.parse(file, isUrl(holder.place) ? holder.place : undefined);
    if (url !== null) return url.href;
  } else {
    try {
      return file.startsWith("file:") ? fileURLToPath(file) : resolve(dirname(holder.place), decodeURIComponent(file));
    } catch {
      // Neither a path nor a URL: refused below.
    }
  }
  throw refused(holder.name, found, "is no reference", "Correct the $ref.");
}

/** As a reference from the document itself. */
function shown(place: string, root: string): string {
  if (isUrl(place)) return place;
  const path = relative(dirname(root), place).replaceAll(sep, "/");
  return path.startsWith("..") || isAbsolute(path) ? path : `./${path}`;
}

async function readPart(
  place: string,
  holder: Holder,
  found: FoundRef,
  from: ReadSource,
  options: PartsOptions,
): Promise<Uint8Array> {
  if (isUrl(place)) {
    const { host } = new URL(place);
    if ((options.remoteHosts ?? []).includes(host) && options.fetch !== undefined) {
      return checkSize(await options.fetch(place, {}), publicUrl(place));
    }
    throw refused(
      holder.name,
      found,
      `leads to ${host}, which is not an allowed host`,
      "Allow it with --allow-host, or ship the file with the document.",
    );
  }
  if (from.base === undefined || !("folder" in from.base)) {
    throw refused(holder.name, found, "leads from a URL to a file", "Ship the document as files.");
  }
  const folder = await realpath(from.base.folder);
  const real = await realpath(place).catch(() => place);
  const inside = relative(folder, real);
  if (inside === ".." || inside.startsWith(`..${sep}`) || isAbsolute(inside)) {
    throw refused(holder.name, found, "leads out of the document's folder", "Move the file into that folder.");
  }
  return readLocal(real, inside).catch((thrown: GatewayError) => {
    throw refused(
      holder.name,
      found,
      `leads to a file that fails: ${thrown.message}`,
      "Correct the $ref, or add the file.",
    );
  });
}

function isUrl(place: string): boolean {
  return /^[a-z][a-z0-9+.-]+:\/\//i.test(place) && !place.startsWith("file:");
}

/** The one fault of a reference that is not followed. */
export function refused(name: string, found: FoundRef | undefined, message: string, next: string): GatewayError {
  const where = found === undefined ? "" : `#${found.pointer}`;
  const ref = found === undefined ? "a $ref" : `$ref ${JSON.stringify(found.ref).slice(0, 200)}`;
  return new GatewayError("invalid_request", `${name}${where}: ${ref} ${message}`, { next });
}
