import { expect, it } from "vitest";
import type { GatewayError } from "../../src/errors.ts";
import { migrations } from "../../src/storage/migrations/index.ts";
import type { Migration } from "../../src/storage/migrations/migration.ts";
import { checkDatabase, migrateDatabase } from "../../src/storage/schema.ts";
import { openStore } from "../../src/storage/store.ts";
import { parseDatabaseUrl } from "../../src/storage/url.ts";
import { createLogger } from "../../src/telemetry/log.ts";
import { Secret } from "../../src/telemetry/secret.ts";
import { auditRow, keyRow } from "./contract.ts";

const latest = migrations.length;

/** What version N+1 might bring: a column that N does not know. */
const expand: Migration = {
  version: latest + 1,
  name: "a colour for keys",
  isCompatible: true,
  up: async (db, { text }) => {
    await db.schema.alterTable("specgate_keys").addColumn("colour", text).execute();
  },
};
/** What N+2 might bring: without a column that N writes. */
const contract: Migration = {
  version: latest + 2,
  name: "keys without a name",
  isCompatible: false,
  up: async (db) => {
    await db.schema.alterTable("specgate_keys").dropColumn("name").execute();
  },
};
const failing: Migration = {
  version: latest + 2,
  name: "one that fails",
  isCompatible: true,
  up: async (db) => {
    await db.schema.dropTable("specgate_keys").execute();
    await db.schema.dropTable("specgate_no_such_table").execute();
  },
};

/** What holds of migrations in every database. @param database gives the URL of a new, empty one */
export function migrationContract(database: () => Promise<string> | string): void {
  const logger = createLogger("silent");
  const ready = async (url: string, known: readonly Migration[]): Promise<boolean> => {
    const store = openStore(new Secret(url), { logger, migrations: known });
    try {
      return await store.ready();
    } finally {
      await store.close();
    }
  };
  const versions = (some: readonly { readonly version: number }[]): number[] => some.map(({ version }) => version);

  it("run once, whoever starts at the same time", async () => {
    const target = parseDatabaseUrl(new Secret(await database()));
    const ran = await Promise.all(Array.from({ length: 10 }, () => migrateDatabase(target, [...migrations, expand])));
    expect(versions(ran.flat())).toEqual(versions([...migrations, expand]));
    expect(await migrateDatabase(target, [...migrations, expand])).toEqual([]);
  });

  it("are shown as pending until they have run", async () => {
    const target = parseDatabaseUrl(new Secret(await database()));
    expect((await checkDatabase(target, migrations)).pending).toHaveLength(latest);
    expect((await checkDatabase(target, migrations)).version).toBe(0);
    await migrateDatabase(target, migrations);
    expect(await checkDatabase(target, migrations)).toEqual({ version: latest, pending: [] });
    expect(versions((await checkDatabase(target, [...migrations, expand])).pending)).toEqual([latest + 1]);
  });

  it("let version N work on while N+1 has expanded the schema under it", async () => {
    const url = await database();
    const old = openStore(new Secret(url), { logger });
    await old.ready();
    await old.keys.insert(keyRow("before"));
    expect(await ready(url, [...migrations, expand])).toBe(true);
    await old.keys.insert(keyRow("after"));
    await old.audit.append([auditRow("w", 1, { eventId: "e", kind: "call" })]);
    expect((await old.keys.list({ now: "2026-07-02" })).rows.map(({ id }) => id)).toEqual(["before", "after"]);
    expect(await old.keys.byId("before")).toEqual(keyRow("before"));
    await old.close();
    expect(await ready(url, migrations)).toBe(true); // and a replica of N that starts now
  });

  it("refuse a program that does not know a contraction, and say so", async () => {
    const url = await database();
    expect(await ready(url, [...migrations, expand, contract])).toBe(true);
    for (const known of [migrations, [...migrations, expand]]) {
      const error = await ready(url, known).catch((thrown: unknown) => thrown as GatewayError);
      expect(error).toMatchObject({ code: "invalid_request" });
      expect((error as GatewayError).message).toBe(
        `the schema of the database is newer than this program: it is at version ${latest + 2} and needs a program that knows version ${latest + 2}; this one knows up to ${known.length}`,
      );
    }
    const target = parseDatabaseUrl(new Secret(url));
    await expect(migrateDatabase(target, migrations)).rejects.toMatchObject({ code: "invalid_request" });
    await expect(checkDatabase(target, migrations)).rejects.toMatchObject({ code: "invalid_request" });
    const store = openStore(new Secret(url), { logger });
    await expect(store.keys.byId("k")).rejects.toMatchObject({ code: "store_unavailable" });
    expect(store.isUp()).toBe(false);
    await store.close();
  });

  it("leave everything as it was when one of them fails", async () => {
    const url = await database();
    const target = parseDatabaseUrl(new Secret(url));
    await migrateDatabase(target, migrations);
    await expect(migrateDatabase(target, [...migrations, expand, failing])).rejects.toThrow();
    expect(await checkDatabase(target, migrations)).toEqual({ version: latest, pending: [] });
    const store = openStore(new Secret(url), { logger });
    await store.keys.insert(keyRow("k1"));
    expect(await store.keys.byId("k1")).toEqual(keyRow("k1"));
    await store.close();
  });
}
