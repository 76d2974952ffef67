import { createHash } from "node:crypto";
import { upgrade } from "@scalar/openapi-upgrader";
import { GatewayError } from "../src/errors.ts";
import { bundle } from "./load/bundle.ts";
import { checkDocument, externalRefs } from "./load/check.ts";
import { withCollectionFormats } from "./load/collectionFormat.ts";
import { parseDocument } from "./load/parse.ts";
import { type Fetcher, readSource } from "./load/read.ts";
import { validateDocument } from "./load/validate.ts";
import type { Document, LoadedSpec } from "./model.ts";

export type { Fetcher } from "./load/read.ts";

export interface LoadOptions {
  /** Check the document against the schema of its OpenAPI version. Default true; what codegen itself needs is always checked. */
  readonly validate?: boolean;
  /** Reads URLs. Without it a URL is refused. */
  readonly fetch?: Fetcher;
  /** Sent with the request for the Spec itself, never with one for what it refers to. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Hosts (`host` or `host:port`) that `$ref` may lead to. Default none. */
  readonly remoteHosts?: readonly string[];
  /** The bytes read from stdin, when the source is `-`. */
  readonly stdin?: Uint8Array;
}

/**
 * The Spec as one value with internal references only. `source` is a file name, an http(s) URL, or `-` for stdin.
 * Swagger 2.0 comes out as OpenAPI 3.1; 3.0 stays as it is written.
 * Throws `invalid_request` with the file, the line or JSON pointer, and what to do.
 */
export async function load(source: string, options: LoadOptions = {}): Promise<LoadedSpec> {
  const read = await readSource(source, options);
  const parsed = parseDocument(read.bytes, read.name);
  const version = versionOf(parsed, read.name);
  const external = externalRefs(parsed, read.name);
  const bundled = external.length === 0 ? parsed : await bundle(parsed, read, external, options);
  if (options.validate !== false) await validateDocument(bundled, version, read.name);
  const document = version === "2.0" ? upgrade(structuredClone(withCollectionFormats(bundled)), "3.1") : bundled;
  checkDocument(document, read.name, { pathParameters: options.validate !== false });
  return {
    document: document as unknown as Document, // of the shape that its version's schema prescribes, as just checked
    source: read.name,
    sha256: createHash("sha256").update(read.bytes).digest("hex"),
    version,
  };
}

/** What the document says it is: `2.0`, `3.0.3` … Throws when it is not OpenAPI. */
function versionOf(document: Readonly<Record<string, unknown>>, name: string): string {
  const { swagger, openapi } = document;
  if (swagger === "2.0") return "2.0";
  if (typeof openapi === "string" && /^3\.[012](\.\d+)?(-\S*)?$/.test(openapi)) return openapi;
  const found = swagger ?? openapi;
  if (found === undefined) {
    throw new GatewayError("invalid_request", `${name} is not an OpenAPI document: it has no "openapi" key`, {
      next: 'Give an OpenAPI document; it begins with openapi: "3.1.0" or swagger: "2.0".',
    });
  }
  const key = swagger === undefined ? "openapi" : "swagger";
  const quoted = typeof found === "number" ? "; the version must be a string, in quotes" : "";
  throw new GatewayError("invalid_request", `${name}#/${key} is ${JSON.stringify(found)}${quoted}`, {
    next: "Specgate reads Swagger 2.0 and OpenAPI 3.0, 3.1 and 3.2.",
  });
}
