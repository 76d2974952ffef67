import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse, stringify } from "yaml";
import { callerOf } from "../../fakes/caller.ts";
import { generateFrom, madeOf, startGateway } from "../../fakes/gateway.ts";
import { startOneUptime } from "../../fakes/oneuptime.ts";
import { listening, runNode, serveNode, specgateMain } from "../process.ts";
import { configText, files, key, missing, note, readSpec, specText, tablesOf } from "./document.ts";

describe.skipIf(missing.length > 0)(`generating and serving the OneUptime documents${note}`, () => {
  let folder: string;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "specgate-oneuptime-"));
    mkdirSync(join(folder, "openapi/oneuptime"), { recursive: true });
    writeFileSync(join(folder, "openapi/oneuptime/openapi.json"), specText(files.first));
    writeFileSync(join(folder, "openapi/oneuptime/gateway.yaml"), configText);
  });

  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it("generates the first in seconds and within 1 GB", async () => {
    const peak = "data:text/javascript,process.on('exit',()=>console.error('peak',process.resourceUsage().maxRSS))";
    const start = performance.now();
    const { code, stderr } = await runNode(["--import", peak, specgateMain, "generate"], { cwd: folder });
    const seconds = (performance.now() - start) / 1000;
    const kilobytes = Number(/^peak (\d+)$/m.exec(stderr)?.[1]);
    console.log(`generate: ${seconds.toFixed(1)} s, ${Math.round(kilobytes / 1024)} MB at most`);
    expect([code, stderr]).toEqual([0, expect.not.stringContaining("error:")]);
    expect(kilobytes).toBeLessThan(1024 * 1024);
    expect(seconds).toBeLessThan(30); // the goal is 5 s on two free cores; other tests run beside this one
  });

  it("serves what was generated, ready in a second where nothing else runs", async () => {
    const served = await serveNode([specgateMain, "serve", "--port", "0"], listening, { cwd: folder });
    console.log(`serve: ready after ${Math.round(served.startMs)} ms`);
    const listed = await callerOf(`${served.url}/mcp`, key).listTools();
    expect(listed.length).toBeGreaterThan(690);
    expect(await served.stop()).toBe(0);
    expect(served.startMs).toBeLessThan(10_000);
  });

  it("generates and serves the 1,968 operations of 12.0.16, and pages as its server does", async () => {
    const spec = readSpec(files.larger);
    const described = await generateFrom(spec, configWithout("operations", "fields", "hidden", "secret"));
    const made = madeOf(described);
    expect(described.manifest.operations).toHaveLength(1968);
    expect(made.filter(({ operationId, kind }) => !operationId?.startsWith(kind))).toEqual([]);
    expect(new Set(made.map(({ tool }) => tool)).size).toBe(made.length);

    const stub = await startOneUptime({ tables: tablesOf(spec), keys: { [key]: "write" }, edition: "12.0.16" });
    stub.seed(
      "/incident",
      Array.from({ length: 7 }, (_, n) => ({ title: `Incident ${n}` })),
    );
    const gateway = await startGateway(described.api, stub.url, configText);
    const caller = callerOf(gateway.url, key);
    const listed = await caller.listTools();
    const first = await caller.call("list_incidents", { limit: 5, fields: ["title"] });
    const second = await caller.call("list_incidents", {
      limit: 5,
      fields: ["title"],
      cursor: first.structured.nextCursor,
    });
    await gateway.close();
    await stub.close();
    expect(listed.map(({ name }) => name).sort()).toEqual(made.map(({ tool }) => tool).sort());
    expect(first.structured).toMatchObject({ returnedCount: 5, totalCount: 7, hasMore: true });
    expect(second.structured).toMatchObject({ returnedCount: 2, totalCount: 7, hasMore: false });
  });
});

/** The decisions without those that only the first document needs: one that matches nothing is a fault. */
function configWithout(...parts: readonly string[]): string {
  const { codegen, ...rest } = parse(configText) as { codegen: Record<string, unknown> };
  return stringify({
    ...rest,
    codegen: Object.fromEntries(Object.entries(codegen).filter(([part]) => !parts.includes(part))),
  });
}
