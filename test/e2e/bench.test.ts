import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import type { Report } from "../../bench/report.ts";

const root = resolve(import.meta.dirname, "../..");
const oneUptime = resolve(root, "../shared/specs/oneuptime-2025-06-26.openapi.json.gz");

/** Few calls: this shows that the bench runs and that every answer is right. Its figures say nothing on a machine that runs tests. */
describe("npm run bench", () => {
  let report: Report;

  beforeAll(() => {
    const args = ["bench/main.ts", "--calls", "200", "--program", "src/main.ts", "--json"];
    const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: root, encoding: "utf8" });
    expect(stderr).toBe("");
    expect(status).toBe(0);
    report = JSON.parse(stdout) as Report;
  });

  it("gets the right answer to every call on every lane", () => {
    expect({ wrong: report.wrong, faults: report.faults }).toEqual({ wrong: 0, faults: [] });
    expect(report.calls.map(({ name, calls }) => ({ name, calls }))).toEqual(
      [
        "direct REST",
        "bare forwarder",
        "gateway 2026-07-28",
        "gateway 2025-11-25",
        "SDK server 2026-07-28",
        "SDK server 2025-11-25",
        "SDK server 2025-11-25, sessions in its memory",
      ].map((name) => ({ name, calls: 200 })),
    );
  });

  it("compares each gateway lane with direct REST, the bare forwarder and the SDK server of its era", () => {
    for (const { ratios } of report.calls.filter(({ name }) => name.startsWith("gateway")))
      for (const name of ["throughput/direct", "cpu/forwarder", "throughput/SDK", "cpu/SDK"])
        expect(ratios[name], name).toBeGreaterThan(0);
  });

  it("lists the same 756 tools, half a megabyte at least, from the gateway and the SDK server", () => {
    expect(report.lists.map(({ name }) => name)).toEqual(["gateway tools/list", "SDK server tools/list"]);
    for (const { bytesPerAnswer } of report.lists) expect(bytesPerAnswer).toBeGreaterThan(500_000);
    expect(report.goals.map(({ name }) => name)).toContain("gateway ready with 756 tools");
  });

  it("times OneUptime's document where it is, and says which file is missing where it is not", () => {
    const names = report.goals.map(({ name }) => name);
    if (existsSync(oneUptime)) expect(names).toContain("gateway ready with OneUptime's tools");
    else expect(report.skipped).toEqual([expect.stringMatching(/^SKIPPED: .*oneuptime-2025-06-26/)]);
  });
});
