import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { gunzipSync } from "node:zlib";
import type { Table } from "../../fakes/oneuptimeTables.ts";
import { projectRoot } from "../process.ts";

// The real OneUptime document is not part of this project, see its licence and size. What must hold without it is in ../regressions.

const specs = resolve(projectRoot, "../shared/specs");

/** The two documents by their edition. */
export const files = {
  first: "oneuptime-2025-06-26.openapi.json.gz",
  larger: "oneuptime-12.0.16.openapi.json.gz",
} as const;

/** Those that are not here; without them the tests are skipped by name. */
export const missing: readonly string[] = Object.values(files).filter((name) => !existsSync(join(specs, name)));

/** What the name of a skipped suite ends with. */
export const note: string =
  missing.length === 0 ? "" : ` (SKIPPED: ${missing.join(", ")} not found in ../shared/specs)`;

/** The decisions for the first document. */
export const configText: string = readFileSync(join(projectRoot, "test/fixtures/oneuptime.gateway.yaml"), "utf8");

/** A key that may write. */
export const key = "11111111-1111-4111-8111-111111111111";
/** A key that may read. */
export const reader = "22222222-2222-4222-8222-222222222222";
/** The id of nothing. */
export const id = "33333333-3333-4333-8333-333333333333";

/** Paths of the analytics tables, whose get stands at a path the server does not have. */
export const phantoms: readonly string[] = [
  "/logs",
  "/span",
  "/metrics",
  "/telemetry-attributes",
  "/exceptions",
  "/monitor-log",
];

/** The parts of the document that tests look at. */
export interface Spec {
  readonly paths: Readonly<Record<string, Readonly<Record<string, { readonly operationId: string }>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, SpecSchema>> };
}

interface SpecSchema {
  readonly properties?: Readonly<Record<string, { readonly example?: unknown }>>;
}

/** One operation as the document states it. */
export interface Documented {
  readonly operationId: string;
  readonly kind: string;
  /** The operationId's rest: the safe key of a resource. */
  readonly table: string;
  readonly method: string;
  readonly path: string;
}

/** The bytes of a document as JSON text. */
export function specText(name: string): Buffer {
  return gunzipSync(readFileSync(join(specs, name)));
}

/** A document as a value. */
export function readSpec(name: string): Spec {
  return JSON.parse(specText(name).toString("utf8")) as Spec; // the acceptance document, of known shape
}

/** Every operation of a document; kind and table are what its operationId says. */
export function documented(spec: Spec): readonly Documented[] {
  return Object.entries(spec.paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, { operationId }]) => {
      const [, kind = "", table = ""] = /^(list|count|get|create|update|delete)(.+)$/.exec(operationId) ?? [];
      return { operationId, kind, table, method: method.toUpperCase(), path };
    }),
  );
}

/** The tables of a document as the stub's server has them: by path, whatever their columns. */
export function tablesOf(spec: Spec): readonly Table[] {
  return documented(spec)
    .filter(({ kind }) => kind === "list")
    .map(({ path, table }) => ({
      path: path.replace("/get-list", ""),
      name: table,
      plainDates: phantoms.includes(path.replace("/get-list", "")),
    }));
}
