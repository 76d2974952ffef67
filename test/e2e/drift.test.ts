import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import type { Beacon } from "../../demo/server.ts";
import { runCommandLine } from "../../src/cli/cli.ts";
import type { DriftReport } from "../../src/cli/drift.ts";
import { testBeacon } from "../demo/beacon.ts";
import { callerOf } from "../fakes/caller.ts";
import { generateFrom, startGateway } from "../fakes/gateway.ts";

// specgate drift against a real API, Beacon, by a document that is wrong about it in every way there is.

const key = "bk_demo_full_acme";

let beacon: Beacon;
let folder: string;
beforeAll(async () => {
  beacon = await testBeacon();
  folder = mkdtempSync(join(tmpdir(), "specgate-drift-"));
});
afterAll(async () => {
  await beacon.close();
  rmSync(folder, { recursive: true, force: true });
});

interface Told {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** `specgate drift` in this process, with the key. */
async function drift(...args: readonly string[]): Promise<Told> {
  const told = { out: "", err: "" };
  const code = await runCommandLine(
    ["node", "specgate", "drift", "--upstream", beacon.url, "--header", `x-api-key=${key}`, ...args],
    {
      out: (text) => {
        told.out += `${text}\n`;
      },
      err: (text) => {
        told.err += `${text}\n`;
      },
      interactive: false,
    },
  );
  return { code, ...told };
}

interface Loose {
  [name: string]: Loose;
}

/** Beacon's own document, cut down to what begins with one of `paths`, and the properties of its Monitor. */
function beaconSpec(paths: RegExp): { readonly document: Loose; readonly monitor: Loose; readonly incident: Loose } {
  const text = readFileSync(new URL("../../openapi/beacon/openapi.json", import.meta.url), "utf8");
  const document = JSON.parse(text) as Loose; // looked into as a tree
  document.paths = Object.fromEntries(Object.entries(document.paths ?? {}).filter(([path]) => paths.test(path)));
  const propertiesOf = (name: string): Loose => document.components?.schemas?.[name]?.properties ?? {};
  return { document, monitor: propertiesOf("Monitor"), incident: propertiesOf("Incident") };
}

function written(name: string, text: string): string {
  const file = join(folder, name);
  writeFileSync(file, text);
  return file;
}

/** A document that says of monitors and incidents what is not so. */
function wrongSpec(): Loose {
  const { document, monitor, incident } = beaconSpec(/^\/(monitors|incidents)(\/\{[^}]*\}(\/checks|\/updates)?)?$/);
  const lie = (value: unknown): Loose => value as Loose;
  monitor.status = lie({ type: "string", enum: ["operational", "paused"] });
  monitor.downSince = lie({ type: "string", format: "date-time" });
  monitor.latencyMs = lie({ type: "string" });
  monitor.statusSince = lie({ type: "string", format: "date" });
  monitor.name = lie({ type: "string", maxLength: 3 });
  monitor.expect = lie({ type: "object", properties: {}, additionalProperties: false });
  monitor.team = lie({
    type: ["object", "null"],
    required: ["id", "colour"],
    properties: { id: { type: "string" }, name: { type: "string" }, colour: { type: "string" } },
  });
  monitor.labels = lie({ type: "array", items: { type: "object", properties: { none: { type: "string" } } } });
  incident.severity = lie({ $ref: "#/components/schemas/LyingSeverity" });
  (document.components as Loose).schemas = {
    ...document.components?.schemas,
    LyingSeverity: lie({ type: "string", enum: ["unheard_of"] }),
  };
  return document;
}

describe("specgate drift", () => {
  it("finds nothing where the document is right", async () => {
    const spec = written("right.json", JSON.stringify(beaconSpec(/^\/(monitors|teams|me)\b/).document));
    const { code, out, err } = await drift("--spec", spec, "--json");
    const report = JSON.parse(out) as DriftReport;
    expect(code, out + err).toBe(0);
    expect(report.findings).toEqual([]);
    expect(report.reads).toBeGreaterThan(10);
    expect(report.items).toBeGreaterThan(report.reads);
  });

  it("proposes decisions with which every difference is gone, and the notes of calls with them", async () => {
    const document = wrongSpec();
    const spec = written("wrong.json", JSON.stringify(document));
    const { code, out } = await drift("--spec", spec, "--json");
    expect(code).toBe(1);
    const report = JSON.parse(out) as DriftReport;
    const found = report.findings.map(({ resource, path, drift: kind }) => `${resource}.${path.join(".")} ${kind}`);
    expect(found).toEqual(
      expect.arrayContaining([
        "Incident.severity enum",
        "Monitor.downSince null",
        "Monitor.expect.statusCodes extra",
        "Monitor.latencyMs type",
        "Monitor.name limit",
        "Monitor.labels.* type",
        "Monitor.team.colour missing",
        "Monitor.status enum",
        "Monitor.statusSince format",
      ]),
    );
    expect(report.codegen.enums?.["Monitor.status"]?.values).toEqual(
      expect.arrayContaining(["operational", "paused", "down"]),
    );

    const plain = await drift("--spec", spec);
    expect(plain.code).toBe(1);
    const proposed = /\ncodegen:\n[\s\S]*$/.exec(plain.out)?.[0] ?? "";
    expect(parse(proposed)).toEqual({ codegen: report.codegen });
    const config = written("gateway.yaml", `api: beacon\n${proposed}`);
    const corrected = await drift("--spec", spec, "--config", config);
    expect(corrected.out).toBe("");
    expect(corrected.code, corrected.err).toBe(0);

    const notesWith = async (text: string): Promise<unknown> => {
      const { api } = await generateFrom(document, text);
      const gateway = await startGateway(api, beacon.url);
      try {
        return (await callerOf(gateway.url, key).call("list_monitors", { limit: 1 })).structured.notes;
      } finally {
        await gateway.close();
      }
    };
    expect(await notesWith("api: beacon")).toEqual([expect.stringContaining("Answer differs from the API's document")]);
    expect(await notesWith(`api: beacon\n${proposed}`)).toBeUndefined();
  });

  it("keeps what gateway.yaml says of a field already", async () => {
    const spec = written("kept.json", JSON.stringify(wrongSpec()));
    const decided = "codegen:\n  fields:\n    '*.downSince': { description: When it broke., why: Clearer. }\n";
    const config = written("kept.yaml", `api: beacon\n${decided}`);
    const { out } = await drift("--spec", spec, "--config", config, "--json", "--limit", "10");
    const { codegen } = JSON.parse(out) as DriftReport;
    expect(codegen.fields?.["Monitor.downSince"]).toMatchObject({
      description: "When it broke.",
      answer: { anyOf: [{ type: "string", format: "date-time" }, { type: "null" }] },
      why: expect.stringContaining("Clearer."),
    });
  });

  it("says what it could not read, and reads no more than it may", async () => {
    const spec = written("few.json", JSON.stringify(beaconSpec(/^\/monitors(\/\{[^}]*\})?$/).document));
    const { code, err } = await drift("--spec", spec, "--max-reads", "1");
    expect(code).toBe(0);
    expect(err).toContain("not read: get_monitor: --max-reads 1 was reached");
    expect(err).toContain("1 answers");
  });

  it("fails when the key is refused, without showing it", async () => {
    const spec = written("refused.json", JSON.stringify(beaconSpec(/^\/monitors$/).document));
    const { code, err } = await drift("--spec", spec, "--header", "x-api-key=bk_wrong_key");
    expect(code).toBe(1);
    expect(err).toContain("nothing could be read");
    expect(err).not.toContain("bk_wrong_key");
  });

  it("takes no number that is none", async () => {
    expect((await drift("--limit", "0")).code).toBe(2);
  });
});
