import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { openStore } from "../../src/storage/store.ts";
import { createLogger } from "../../src/telemetry/log.ts";
import { Secret } from "../../src/telemetry/secret.ts";
import { all, auditRow, keyRow } from "../storage/contract.ts";

/** Lets no file of this process grow beyond that: what a full disk does to SQLite, without a disk to fill. Linux. */
function limitFiles(bytes: number | "unlimited"): void {
  const { status, stderr } = spawnSync("prlimit", ["--pid", String(process.pid), `--fsize=${bytes}:`], {
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(`prlimit failed: ${stderr}`);
}

describe.skipIf(process.platform !== "linux")("a disk that is full", () => {
  it("refuses what is written, lets be read what is there, and needs no restart when it has room again", async () => {
    const folder = mkdtempSync(join(tmpdir(), "specgate-full-"));
    const store = openStore(new Secret(`sqlite:${join(folder, "specgate.db")}`), { logger: createLogger("silent") });
    onTestFinished(async () => {
      limitFiles("unlimited");
      await store.close();
      rmSync(folder, { recursive: true, force: true });
    });
    await store.ready();
    await store.keys.insert(keyRow("k1"));
    const row = (seq: number) =>
      auditRow("w", seq, { eventId: `e${seq}`, kind: "call", payload: JSON.stringify("x".repeat(10_000)) });
    limitFiles(400_000);

    let written = 0;
    const fill = async (): Promise<never> => {
      for (;;) {
        await store.audit.append([row(written + 1)]);
        written += 1;
      }
    };
    await expect(fill()).rejects.toMatchObject({ code: "store_unavailable", message: "the database is unavailable" });
    expect(written).toBeGreaterThan(0);
    expect(store.isUp()).toBe(false);
    limitFiles(1); // what is small would still find its place
    await expect(store.keys.insert(keyRow("k2"))).rejects.toMatchObject({ code: "store_unavailable" });
    expect(await store.keys.byId("k1")).toEqual(keyRow("k1"));
    expect(await all(store.audit.stream())).toHaveLength(written);

    limitFiles("unlimited");
    await vi.waitFor(() => expect(store.isUp()).toBe(true), { timeout: 20_000 });
    expect(await store.audit.append([row(written + 1)])).toEqual([]);
    expect(await all(store.audit.stream())).toHaveLength(written + 1);
  });
});
