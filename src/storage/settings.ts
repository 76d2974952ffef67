import type { DatabaseClock } from "./clock.ts";
import type { IsoTime } from "./port.ts";
import type { Use } from "./use.ts";

/** What administrators decide while the gateway runs, the same for every replica. */
export interface SettingStore {
  /** Null: never decided. */
  readonly get: (name: string) => Promise<StoredSetting | null>;
  /** The last one wins. Asking again does no harm. */
  readonly put: (name: string, value: string, changedBy: string) => Promise<void>;
}

export interface StoredSetting {
  readonly value: string;
  readonly changedBy: string | null;
  /** By the clock of the database. */
  readonly changedAt: IsoTime;
}

/** {@link SettingStore} in SQL. */
export function createSettingStore(use: Use, clock: DatabaseClock): SettingStore {
  return {
    get: (name) =>
      use(async (db) => {
        const found = await db.selectFrom("specgate_settings").selectAll().where("name", "=", name).executeTakeFirst();
        if (found === undefined) return null;
        return { value: found.value, changedBy: found.changed_by, changedAt: found.changed_at };
      }),
    put: (name, value, changedBy) =>
      use(async (db) => {
        const decided = { value, changed_by: changedBy };
        await db
          .insertInto("specgate_settings")
          .values((is) => ({ name, ...decided, changed_at: clock(is) }))
          .onConflict((conflict) =>
            conflict.column("name").doUpdateSet((is) => ({ ...decided, changed_at: clock(is) })),
          )
          .execute();
      }),
  };
}
