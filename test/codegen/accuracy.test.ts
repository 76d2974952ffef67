import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import { gunzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { classify } from "../../codegen/classify/classify.ts";
import type { Classification, Decision, Document } from "../../codegen/model.ts";
import { nameAll } from "../../codegen/names.ts";
import { listOperations } from "../../codegen/operations.ts";
import { labelled } from "./labelled.ts";

const root = resolve(import.meta.dirname, "../..");
const examples = dirname(createRequire(import.meta.url).resolve("@readme/oas-examples/package.json"));

type Truth = ReadonlyMap<string, string>;

/** The kind in front of each operationId: the only truth the OneUptime documents hold. */
function truthOf(document: Document): Truth {
  const kinds = listOperations(document).map(({ method, path, operationId = "" }): [string, string] => {
    return [`${method} ${path}`, /^(list|count|get|create|update|delete)/.exec(operationId)?.[0] ?? ""];
  });
  return new Map(kinds);
}

/** The Document without operationIds, tags and texts, its paths in another order. */
function stripped(document: Document): Document {
  const paths = Object.entries(structuredClone(document.paths ?? {}));
  for (const [, item] of paths) {
    for (const operation of Object.values(item ?? {})) {
      const named = operation as Record<string, unknown>;
      for (const key of ["operationId", "tags", "summary", "description"]) delete named[key];
    }
  }
  paths.sort(([a], [b]) => reversed(a).localeCompare(reversed(b)));
  return { ...document, paths: Object.fromEntries(paths) } as Document;
}

function reversed(text: string): string {
  return [...text].reverse().join("");
}

function classified(document: Document): Classification {
  return classify(listOperations(document), document, { allowConflicts: true });
}

function keyOf({ operation }: Pick<Decision, "operation">): string {
  return `${operation.method} ${operation.path}`;
}

function measure(title: string, truth: Truth, { decisions }: Classification): { share: number; wrong: string[] } {
  const right = decisions.filter((decision) => truth.get(keyOf(decision)) === decision.kind).length;
  const wrong = decisions.filter((decision) => truth.get(keyOf(decision)) !== decision.kind).map(keyOf);
  console.log(
    `classification, ${title}: ${right} of ${truth.size} right (${((100 * right) / truth.size).toFixed(2)} %)`,
  );
  return { share: right / truth.size, wrong };
}

/** Nothing that creates, updates or deletes may look harmless. */
function changingShownAsRead(truth: Truth, { decisions }: Classification): string[] {
  const changing = new Set(["create", "update", "delete"]);
  return decisions.filter((one) => changing.has(truth.get(keyOf(one)) ?? "") && one.effect === "read").map(keyOf);
}

function oneUptime(version: string): { missing: boolean; document: Document } {
  const file = resolve(root, `../shared/specs/oneuptime-${version}.openapi.json.gz`);
  const missing = !existsSync(file);
  if (missing) console.log(`SKIPPED: ${file} not found (OneUptime acceptance document)`);
  const document = missing ? { paths: {} } : JSON.parse(gunzipSync(readFileSync(file)).toString("utf8"));
  return { missing, document: document as Document };
}

const phantoms = [
  "/exceptions/{id}",
  "/logs/{id}",
  "/metrics/{id}",
  "/monitor-log/{id}",
  "/span/{id}",
  "/telemetry-attributes/{id}",
];

const june = oneUptime("2025-06-26");
describe.skipIf(june.missing)("the OneUptime document of 2025-06-26", () => {
  const { document } = june;
  const truth = truthOf(document);

  it("has 711 operations of 126 resource types, every one a tool, and all kinds right but phantom gets", () => {
    const classification = classified(document);
    const { share, wrong } = measure("OneUptime 2025-06-26", truth, classification);
    expect(truth.size).toBe(711);
    expect(classification.decisions.length + classification.skipped.length).toBe(711);
    expect(new Set(classification.decisions.map(({ resource }) => resource)).size).toBe(126);
    expect(share).toBeGreaterThanOrEqual(0.99);
    expect(wrong.filter((key) => !phantoms.includes(key.replace("POST ", "")))).toEqual([]);
  });

  it("names each resource type by the rest of its operationIds", () => {
    const strays = classified(document).decisions.filter(
      ({ operation, resource }) => !operation.operationId?.endsWith(resource),
    );
    expect(strays.map(keyOf)).toEqual([]);
  });

  it("names every tool once, in the shape that clients accept", () => {
    const names = nameAll(classified(document)).flatMap(({ decisions }) => decisions.map(({ tool }) => tool));
    expect(new Set(names).size).toBe(711);
    expect(names.filter((name) => !/^[a-z0-9_]{1,56}$/.test(name))).toEqual([]);
  });

  it("is understood by paths, methods and schemas alone, and shows no change as a read", () => {
    const classification = classified(stripped(document));
    const { share } = measure("OneUptime 2025-06-26 without operationIds, tags, texts", truth, classification);
    expect(share).toBeGreaterThanOrEqual(0.97);
    expect(changingShownAsRead(truth, classification)).toEqual([]);
    expect(classification.decisions.length + classification.skipped.length).toBe(711);
  });
});

const large = oneUptime("12.0.16");
describe.skipIf(large.missing)("the OneUptime document of 12.0.16", () => {
  const truth = truthOf(large.document);

  it("has 1,968 operations, all told apart, in about a second at most", () => {
    const operations = listOperations(large.document);
    const start = performance.now();
    const classification = classify(operations, large.document, { allowConflicts: true });
    const elapsed = performance.now() - start;
    const { share } = measure("OneUptime 12.0.16", truth, classification);
    const names = nameAll(classification).flatMap(({ decisions }) => decisions.map(({ tool }) => tool));
    expect(truth.size).toBe(1968);
    expect(share).toBeGreaterThanOrEqual(0.99);
    expect(new Set(names).size).toBe(1968);
    console.log(`classification, OneUptime 12.0.16: ${Math.round(elapsed)} ms`);
    expect(elapsed).toBeLessThan(10_000); // A second when nothing else runs; ten times that catches what grows.
  });

  it("is understood without operationIds too", () => {
    const classification = classified(stripped(large.document));
    const { share } = measure("OneUptime 12.0.16 without operationIds, tags, texts", truth, classification);
    expect(share).toBeGreaterThanOrEqual(0.97);
    expect(changingShownAsRead(truth, classification)).toEqual([]);
  });
});

interface Labelled {
  readonly file: string;
  readonly key: string;
  readonly kind: string;
  readonly effect: string | undefined;
}

function labels(): Labelled[] {
  return Object.entries(labelled).flatMap(([file, lines]) =>
    lines.split("\n").flatMap((line) => {
      const [method, path, kind, effect] = line.trim().split(" ");
      return method === "" || kind === undefined ? [] : [{ file, key: `${method} ${path}`, kind, effect }];
    }),
  );
}

function documentAt(file: string): Document {
  const path = file.startsWith("oas:") ? join(examples, file.slice(4)) : join(root, "test/specs", file);
  return parse(readFileSync(path, "utf8")) as Document;
}

describe("the hand-labelled operations", () => {
  const all = labels();
  const found = new Map<string, string>();
  for (const file of Object.keys(labelled)) {
    const { decisions, skipped } = classified(documentAt(file));
    for (const decision of decisions) found.set(`${file} ${keyOf(decision)}`, answerOf(decision));
    for (const skip of skipped) found.set(`${file} ${keyOf(skip)}`, "skip");
  }

  function answerOf({ kind, effect }: Decision): string {
    return kind === "action" ? `action ${effect}` : kind;
  }

  function wantOf({ kind, effect }: Labelled): string {
    return effect === undefined ? kind : `${kind} ${effect}`;
  }

  it("are at least 150, and each exists in its document", () => {
    expect(all.length).toBeGreaterThanOrEqual(150);
    expect(all.filter(({ file, key }) => !found.has(`${file} ${key}`))).toEqual([]);
  });

  it("are at least 95 % right", () => {
    const wrong = all.filter((one) => found.get(`${one.file} ${one.key}`) !== wantOf(one));
    const share = 1 - wrong.length / all.length;
    const lines = wrong.map(
      (one) => `  ${one.file} ${one.key}: want ${wantOf(one)}, got ${found.get(`${one.file} ${one.key}`)}`,
    );
    console.log(
      [
        `classification, labelled by hand: ${all.length - wrong.length} of ${all.length} right (${(100 * share).toFixed(1)} %)`,
        ...lines,
      ].join("\n"),
    );
    expect(share).toBeGreaterThanOrEqual(0.95);
  });

  it("never shows a change as a read", () => {
    const reads = new Set(["list", "count", "get", "action read", "skip"]);
    const changing = all.filter((one) => !reads.has(wantOf(one)));
    expect(changing.filter((one) => reads.has(found.get(`${one.file} ${one.key}`) ?? ""))).toEqual([]);
  });
});
