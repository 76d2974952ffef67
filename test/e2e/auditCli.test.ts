import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createAuditWriter } from "../../src/audit/writer.ts";
import { openStore } from "../../src/storage/store.ts";
import { createLogger } from "../../src/telemetry/log.ts";
import { Secret } from "../../src/telemetry/secret.ts";
import { auditEvent } from "../audit/event.ts";
import { type Run, specgate } from "./process.ts";

let folder: string;
let file: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "specgate-audit-cli-"));
  file = join(folder, "audit.db");
  const logger = createLogger("silent");
  const store = openStore(new Secret(`sqlite:${file}`), { logger });
  const writer = createAuditWriter({ store: store.audit, logger, writer: "w" });
  for (let at = 1; at <= 5; at++) {
    const facts = { at: `2026-07-0${at}T00:00:00.000Z`, tool: at === 3 ? "delete_widget" : "create_widget" } as const;
    await writer.intend(auditEvent(`e${at}`, { ...facts, actor_user_id: at === 5 ? "u\u001b[31m2" : "u1" }));
    writer.record(
      auditEvent(`e${at}`, { ...facts, kind: "outcome", outcome: at === 2 ? "failed" : "ok", resource_id: `w${at}` }),
    );
  }
  await writer.close(10_000);
  await store.close();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const audit = (...args: readonly string[]): Promise<Run> =>
  specgate(["audit", ...args], { cwd: folder, env: { DATABASE_URL: `sqlite:${file}` } });
const lines = (text: string): string[] => text.split("\n").filter((line) => line !== "");

describe("specgate audit", () => {
  it("list shows the newest records, for people and as JSON, page by page", async () => {
    const shown = await audit("list", "--limit", "3");
    expect(shown.code).toBe(0);
    expect(lines(shown.stdout)).toHaveLength(3);
    expect(lines(shown.stdout)[0]).toMatch(/^2026-07-05T00:00:00.000Z {2}ok +create_widget +w5/);
    expect(shown.stdout).not.toContain("\u001b");
    const [, after = ""] = /--after (\S+)/.exec(shown.stderr) ?? [];
    const next = JSON.parse((await audit("list", "--json", "--limit", "3", "--after", after)).stdout) as {
      records: { event_id: string; kind: string }[];
    };
    expect(next.records.map(({ event_id: id, kind }) => `${id} ${kind}`)).toEqual([
      "e4 intent",
      "e3 outcome",
      "e3 intent",
    ]);
  });

  const filters: readonly { given: readonly string[]; want: readonly string[] }[] = [
    { given: ["--tool", "delete_widget"], want: ["e3", "e3"] },
    { given: ["--outcome", "failed"], want: ["e2"] },
    { given: ["--event", "e4", "--kind", "intent"], want: ["e4"] },
    { given: ["--resource-id", "w1"], want: ["e1"] },
    { given: ["--from", "2026-07-04", "--to", "2026-07-05T00:00:00Z"], want: ["e4", "e4"] },
    { given: ["--user", "u1", "--actor", "k1", "--effect", "write", "--from", "2026-07-04"], want: ["e5", "e4", "e4"] },
    { given: ["--actor", "nobody"], want: [] },
  ];
  for (const { given, want } of filters)
    it(`list and export understand ${given.join(" ")}`, async () => {
      const { records } = JSON.parse((await audit("list", "--json", ...given)).stdout) as {
        records: { event_id: string }[];
      };
      expect(records.map(({ event_id: id }) => id)).toEqual(want);
      const exported = lines((await audit("export", ...given)).stdout).map((line) => JSON.parse(line));
      expect(exported.map(({ event_id: id }) => id)).toEqual([...want].reverse());
    });

  it("export writes every record with its place in the chain", async () => {
    const { stdout, code } = await audit("export");
    const records = lines(stdout).map((line) => JSON.parse(line) as Record<string, unknown>);
    expect([code, records.length]).toEqual([0, 10]);
    expect(records.map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    expect(records[4]).toMatchObject({ writer: "w", prev_hash: records[3]?.hash, actor_type: "mcp" });
  });

  const wrong: readonly { given: readonly string[]; want: string }[] = [
    { given: ["list", "--outcome", "good"], want: 'outcome is "good"; give one of ok, refused' },
    { given: ["export", "--from", "yesterday"], want: 'from is "yesterday"; give 2026-07-28T12:00:00Z' },
    { given: ["list", "--limit", "0"], want: "give a number, 1 or more" },
    { given: ["burn"], want: "unknown command" },
  ];
  for (const { given, want } of wrong)
    it(`answers ${given.join(" ")} with exit code 2`, async () => {
      const { code, stderr } = await audit(...given);
      expect([code, stderr]).toEqual([2, expect.stringContaining(want)]);
    });

  it("answers a database that is not there with exit code 2, and makes none", async () => {
    const { code, stderr } = await specgate(["audit", "list"], { cwd: folder });
    expect([code, stderr]).toEqual([2, expect.stringContaining("names no database that is there")]);
  });

  it("verify is 0 for whole chains, and 1 with the first broken link", async () => {
    expect(await audit("verify")).toMatchObject({ code: 0, stdout: "10 records in 1 chains are whole\n" });
    const database = new DatabaseSync(file);
    database.exec("update specgate_audit set payload = replace(payload, 'w3', 'w9') where resource_id = 'w3'");
    database.close();
    const broken = await audit("verify");
    expect(broken.code).toBe(1);
    expect(broken.stdout).toMatch(/^broken at record 6 of writer w: its hash is not that of what it says/);
    const json = JSON.parse((await audit("verify", "--json")).stdout) as object;
    expect(json).toMatchObject({ rows: 5, broken: { writer: "w", seq: 6 } });
  });
});
