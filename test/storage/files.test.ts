import { existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import type { GatewayError } from "../../src/errors.ts";
import type { Store } from "../../src/storage/port.ts";
import { openStore } from "../../src/storage/store.ts";
import { createLogger } from "../../src/telemetry/log.ts";
import { Secret } from "../../src/telemetry/secret.ts";
import { testFolder } from "../fakes/folder.ts";
import { auditRow, keyRow } from "./contract.ts";

function storeOf(path: string): Store {
  const store = openStore(new Secret(`sqlite:${path}`), { logger: createLogger("silent") });
  onTestFinished(() => store.close());
  return store;
}

describe("a file of SQLite", () => {
  it("and its folder are made when the store is opened, for their owner's eyes alone", async () => {
    const folder = join(testFolder(), "a", "data");
    const store = storeOf(join(folder, "specgate.db"));
    expect(existsSync(folder)).toBe(false);
    expect(await store.ready()).toBe(true);
    await store.keys.insert(keyRow("k1"));
    const modeOf = (path: string): number => statSync(path).mode & 0o777;
    expect(modeOf(folder)).toBe(0o700);
    expect(readdirSync(folder).map((name) => [name, modeOf(join(folder, name))])).toEqual([
      ["specgate.db", 0o600],
      ["specgate.db-shm", 0o600],
      ["specgate.db-wal", 0o600],
    ]);
  });

  it("is opened by the first method where nobody waited for it", async () => {
    const store = storeOf(join(testFolder(), "specgate.db"));
    await store.keys.insert(keyRow("k1"));
    expect((await store.keys.byId("k1"))?.id).toBe("k1");
  });

  it("keeps what it holds through a restart", async () => {
    const path = join(testFolder(), "specgate.db");
    const first = storeOf(path);
    await first.keys.insert(keyRow("k1"));
    await first.close();
    expect(await storeOf(path).keys.byId("k1")).toEqual(keyRow("k1"));
  });

  it("is shared by several stores that write at once", async () => {
    const path = join(testFolder(), "specgate.db");
    const stores = [storeOf(path), storeOf(path), storeOf(path)];
    await Promise.all(stores.map((store) => store.ready()));
    await Promise.all(
      stores.flatMap(({ audit }, writer) =>
        Array.from({ length: 20 }, (_, at) =>
          audit.append([auditRow(`w${writer}`, at + 1, { eventId: `${writer} ${at}`, kind: "call" })]),
        ),
      ),
    );
    expect((await stores[0]?.audit.query({}, { limit: 1_000 }))?.rows).toHaveLength(60);
  });

  const unusable: readonly {
    readonly name: string;
    readonly make: (folder: string) => string;
    readonly want: RegExp;
  }[] = [
    {
      name: "whose folder is a file",
      make: (folder) => {
        writeFileSync(join(folder, "file"), "");
        return join(folder, "file", "specgate.db");
      },
      want: /\/file\/specgate\.db, which cannot be opened as an SQLite database \((?:ENOTDIR|EEXIST)\)/,
    },
    {
      name: "that is a folder",
      make: (folder) => {
        mkdirSync(join(folder, "specgate.db"));
        return join(folder, "specgate.db");
      },
      want: /cannot be opened as an SQLite database \(SQLITE_CANTOPEN\)/,
    },
    {
      name: "that holds something else",
      make: (folder) => {
        writeFileSync(join(folder, "specgate.db"), "name,age\n".repeat(1_000));
        return join(folder, "specgate.db");
      },
      want: /cannot be opened as an SQLite database \(SQLITE_NOTADB\)/,
    },
  ];
  for (const { name, make, want } of unusable)
    it(`${name} is refused with a reason at the start, and is unavailable to calls`, async () => {
      const store = storeOf(make(testFolder()));
      const error = await store.ready().catch((thrown: unknown) => thrown as GatewayError);
      expect(error).toMatchObject({ code: "invalid_request", message: expect.stringMatching(want) });
      const called = await store.keys.byId("k1").catch((thrown: unknown) => thrown as GatewayError);
      expect(called).toMatchObject({ code: "store_unavailable", message: "the database is unavailable" });
      expect(store.isUp()).toBe(false);
    });
});

describe("a store that is closed", () => {
  it("answers nothing any more, and may be closed again", async () => {
    const store = storeOf(join(testFolder(), "specgate.db"));
    await store.ready();
    await store.close();
    await store.close();
    await expect(store.keys.byId("k1")).rejects.toMatchObject({ code: "store_unavailable" });
    expect(await store.ready().catch(() => "thrown")).toBe(false);
  });

  it("never opens when it was closed before", async () => {
    const path = join(testFolder(), "specgate.db");
    const store = storeOf(path);
    await store.close();
    await expect(store.keys.byId("k1")).rejects.toMatchObject({ code: "store_unavailable" });
    expect(existsSync(path)).toBe(false);
  });
});
