import { realpath } from "node:fs/promises";
import { basename, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import SwaggerParser from "@apidevtools/swagger-parser";
import { GatewayError } from "../../src/errors.ts";
import { parseDocument } from "./parse.ts";
import { checkSize, type Fetcher, publicUrl, type ReadSource, readLocal } from "./read.ts";
import type { FoundRef } from "./walk.ts";

/** Files of one Spec; Microsoft Graph's own split has fewer. */
const maxFiles = 2_000;

export interface BundleOptions {
  readonly fetch?: Fetcher;
  readonly remoteHosts?: readonly string[];
}

type Members = Record<string, unknown>;

/**
 * The document with everything it refers to brought in. Files must lie in the Spec's folder, links followed; hosts must
 * be listed (security.md T13, T41). Throws `invalid_request` naming the reference.
 */
export async function bundle(
  document: Members,
  from: ReadSource,
  external: readonly FoundRef[],
  options: BundleOptions,
): Promise<Members> {
  const first = external[0];
  if (from.base === undefined) {
    throw refused(
      from.name,
      first,
      "leads to another file, but the document came from stdin",
      "Give the document as a file.",
    );
  }
  const state: { fault?: unknown; files: number } = { files: 0 };
  const read = async (file: { url: string; reference?: string }): Promise<Uint8Array> => {
    const found = external.find(({ ref }) => ref.split("#")[0] === file.reference) ?? first;
    try {
      if (++state.files > maxFiles)
        throw refused(from.name, found, `is one of more than ${maxFiles} files`, "Use fewer.");
      return await readPart(file.url, from, found, options);
    } catch (thrown) {
      state.fault ??= thrown; // swagger-parser wraps what a resolver throws
      throw thrown;
    }
  };
  const base = "file" in from.base ? from.base.file : from.base.url;
  try {
    const bundled = await SwaggerParser.bundle(
      base,
      hoist(sortPaths(document), external) as never,
      {
        mutateInputSchema: false,
        resolve: {
          external: true,
          file: false,
          http: false,
          specgate: { order: 1, canRead: true, read: read as never },
        },
        parse: {
          json: false,
          yaml: false,
          text: false,
          binary: false,
          specgate: {
            order: 1,
            canParse: true,
            parse: (file: { url: string; data: Uint8Array }) => parseDocument(file.data, partName(file.url)),
          },
        },
      } as never,
    );
    return bundled as unknown as Members;
  } catch (thrown) {
    const fault = state.fault ?? innermost(thrown);
    if (fault instanceof GatewayError) throw fault;
    throw refused(
      from.name,
      first,
      `cannot be followed: ${(fault as Error).message.split("\n")[0]}`,
      "Correct the $ref.",
    );
  }
}

/** The error that was wrapped, where swagger-parser keeps it. */
function innermost(thrown: unknown): unknown {
  const { cause, errors } = thrown as { cause?: unknown; errors?: readonly unknown[] };
  return cause ?? errors?.[0] ?? thrown;
}

async function readPart(
  url: string,
  from: ReadSource,
  found: FoundRef | undefined,
  options: BundleOptions,
): Promise<Uint8Array> {
  if (/^https?:/i.test(url)) return readRemote(url, from, found, options);
  if (from.base === undefined || !("folder" in from.base)) {
    throw refused(from.name, found, "leads from a URL to a file", "Use references within the document's own host.");
  }
  const file = url.startsWith("file:") ? fileURLToPath(url) : decodeURI(url);
  const folder = await realpath(from.base.folder);
  const real = await realpath(file).catch(() => file);
  const inside = relative(folder, real);
  if (inside === ".." || inside.startsWith(`..${sep}`) || inside === real) {
    throw refused(from.name, found, "leads out of the document's folder", "Move the file into that folder.");
  }
  return readLocal(real, inside).catch((thrown: GatewayError) => {
    throw refused(
      from.name,
      found,
      `leads to a file that fails: ${thrown.message}`,
      "Correct the $ref, or add the file.",
    );
  });
}

async function readRemote(
  url: string,
  from: ReadSource,
  found: FoundRef | undefined,
  options: BundleOptions,
): Promise<Uint8Array> {
  const { host } = new URL(url);
  if (!(options.remoteHosts ?? []).includes(host) || options.fetch === undefined) {
    throw refused(
      from.name,
      found,
      `leads to ${host}, which is not an allowed host`,
      "Allow it with --allow-host, or ship the file with the document.",
    );
  }
  return checkSize(await options.fetch(url, {}), publicUrl(url));
}

/** Paths in name order, since the place of the first use decides where a shared part is put. */
function sortPaths(document: Members): Members {
  const paths = document.paths;
  if (typeof paths !== "object" || paths === null) return document;
  const sorted = Object.entries(paths).sort(([a], [b]) => (a < b ? -1 : 1));
  return { ...document, paths: Object.fromEntries(sorted) };
}

/**
 * Gives each schema in a file of its own a name in `components.schemas`: bundling would else put it where it is first
 * used, and its name would be lost.
 */
function hoist(document: Members, external: readonly FoundRef[]): Members {
  const isOpenApi3 = document.openapi !== undefined;
  const components = (document.components ?? {}) as Members;
  const holder = isOpenApi3 ? components : document;
  const key = isOpenApi3 ? "schemas" : "definitions";
  const schemas: Members = { ...((holder[key] ?? {}) as Members) };
  for (const { ref, isSchema } of external.toSorted((a, b) => (a.ref < b.ref ? -1 : 1))) {
    const name = schemaName(ref);
    if (isSchema && name !== undefined && !Object.hasOwn(schemas, name)) schemas[name] = { $ref: ref };
  }
  return isOpenApi3 ? { ...document, components: { ...components, schemas } } : { ...document, definitions: schemas };
}

/** `Widget` for `./schemas/Widget.yaml` and for `schemas.yaml#/Widget`. */
function schemaName(ref: string): string | undefined {
  const [file = "", pointer = ""] = ref.split("#");
  const last = pointer.split("/").filter(Boolean).at(-1) ?? basename(file).replace(/\.[A-Za-z]+$/, "");
  return /^[A-Za-z][A-Za-z0-9._-]{0,100}$/.test(last) ? last : undefined;
}

function partName(url: string): string {
  return /^https?:/i.test(url) ? publicUrl(url) : basename(url);
}

function refused(name: string, found: FoundRef | undefined, message: string, next: string): GatewayError {
  const where = found === undefined ? "" : `#${found.pointer}`;
  const ref = found === undefined ? "a $ref" : `$ref ${JSON.stringify(found.ref).slice(0, 200)}`;
  return new GatewayError("invalid_request", `${name}${where}: ${ref} ${message}`, { next });
}
