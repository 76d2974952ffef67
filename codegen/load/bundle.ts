import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import SwaggerParser from "@apidevtools/swagger-parser";
import { type Parts, type PartsOptions, readParts, refused } from "./parts.ts";
import type { ReadSource } from "./read.ts";
import type { FoundRef } from "./walk.ts";

type Members = Record<string, unknown>;

/**
 * The document with everything it refers to brought in, so that all references are internal. Throws `invalid_request`
 * naming the reference that cannot, or must not, be followed.
 */
export async function bundle(
  document: Members,
  from: ReadSource,
  external: readonly FoundRef[],
  options: PartsOptions,
): Promise<Members> {
  const parts = await readParts(from, external, options);
  const base = from.base !== undefined && "file" in from.base ? from.base.file : (from.base?.url ?? "");
  try {
    const whole = hoist(sortPaths(document), parts.schemas);
    return (await SwaggerParser.bundle(base, whole as never, bundleOptions(parts) as never)) as unknown as Members;
  } catch (thrown) {
    const { errors } = thrown as { errors?: readonly Error[] };
    const message = (errors?.[0] ?? (thrown as Error)).message.split("\n")[0];
    throw refused(from.name, external[0], `cannot be followed: ${message}`, "Correct the $ref.");
  }
}

/** swagger-parser reads nothing by itself: it is handed what has been read and checked. */
function bundleOptions({ values }: Parts): Readonly<Record<string, unknown>> {
  const partAt = ({ url }: { readonly url: string }) => {
    const place = url.startsWith("file:") ? fileURLToPath(url) : url;
    const value = values.get(place) ?? values.get(decodeURI(place));
    if (value === undefined) throw new Error(`${basename(place)} was not read`);
    return value;
  };
  return {
    mutateInputSchema: false,
    resolve: { external: true, file: false, http: false, parts: { order: 1, canRead: true, read: () => "" } },
    parse: {
      json: false,
      yaml: false,
      text: false,
      binary: false,
      parts: {
        order: 1,
        canParse: true,
        allowEmpty: true,
        parse: (file: { url: string }) => structuredClone(partAt(file)),
      },
    },
  };
}

/** Paths in name order, since the place of the first use decides where a shared part is put. */
function sortPaths(document: Members): Members {
  const { paths } = document;
  if (typeof paths !== "object" || paths === null) return document;
  const sorted = Object.entries(paths).sort(([a], [b]) => (a < b ? -1 : 1));
  return { ...document, paths: Object.fromEntries(sorted) };
}

/**
 * Gives each schema in a file of its own a name in `components.schemas`: bundling would else put it where it is first
 * used, and its name would be lost.
 */
function hoist(document: Members, refs: ReadonlySet<string>): Members {
  const isOpenApi3 = document.openapi !== undefined;
  const components = (document.components ?? {}) as Members;
  const holder = isOpenApi3 ? components : document;
  const key = isOpenApi3 ? "schemas" : "definitions";
  const schemas: Members = { ...((holder[key] ?? {}) as Members) };
  for (const ref of [...refs].sort()) {
    const name = schemaName(ref);
    if (name !== undefined && !Object.hasOwn(schemas, name)) schemas[name] = { $ref: ref };
  }
  return isOpenApi3 ? { ...document, components: { ...components, schemas } } : { ...document, definitions: schemas };
}

/** `Widget` for `./schemas/Widget.yaml` and for `./schemas.yaml#/Widget`. */
function schemaName(ref: string): string | undefined {
  const [file = "", pointer = ""] = ref.split("#");
  const last = pointer.split("/").filter(Boolean).at(-1) ?? basename(file).replace(/\.[A-Za-z]+$/, "");
  return /^[A-Za-z][A-Za-z0-9._-]{0,100}$/.test(last) ? last : undefined;
}
