import type { Kysely } from "kysely";
import { GatewayError } from "../errors.ts";
import type { Logger } from "../telemetry/log.ts";
import type { Secret } from "../telemetry/secret.ts";
import { createAuditStore } from "./audit.ts";
import { databaseClock } from "./clock.ts";
import type { Database } from "./database.ts";
import { createKeyStore } from "./keys.ts";
import { migrations as known } from "./migrations/index.ts";
import type { Migration } from "./migrations/migration.ts";
import { createOAuthStore } from "./oauth.ts";
import type { Store } from "./port.ts";
import { createSettingStore } from "./settings.ts";
import { createState } from "./state.ts";
import type { Tables } from "./tables.ts";
import { failureOf, reasonOf, unavailable } from "./unavailable.ts";
import { type DatabaseTarget, parseDatabaseUrl } from "./url.ts";
import type { Use } from "./use.ts";
import { whenFree } from "./whenFree.ts";

export interface StoreOptions {
  readonly logger: Logger;
  /** Default: those of this program. */
  readonly migrations?: readonly Migration[];
  /** The time by which OAuth artefacts expire; for tests. Default: the database's own, the same for all replicas. */
  readonly clock?: () => Date;
}

/** Bound of a method, milliseconds (reliability.md §4). */
const methodMs = 1_000;
/** How often a database that is away is tried: service is back within 2 s of its return. */
const retryMs = 500;
/** Rounds of that between two looks at one that is there, so that health tells of a loss that no call has met. */
const lookEvery = 10;

/**
 * The store of `DATABASE_URL` ({@link parseDatabaseUrl} tells its forms). Returns at once and opens nothing: `ready` does, or
 * the first method that needs it. Throws `invalid_request` for a URL that is none. Log lines hold no address and no password.
 */
export function openStore(url: Secret, { logger, migrations = known, clock }: StoreOptions): Store {
  const target = parseDatabaseUrl(url);
  const state = createState(logger);
  let opening: Promise<Database> | undefined;
  let closing: Promise<void> | undefined;
  let rounds = 0;
  let isLooking = false;
  let timer: NodeJS.Timeout | undefined;

  const open = (): Promise<Database> => {
    if (closing !== undefined) return Promise.reject(unavailable("closed"));
    timer ??= setInterval(nextRound, retryMs).unref();
    opening ??= openDatabase().then(
      (database) => {
        state.worked();
        return database;
      },
      (thrown: unknown) => {
        opening = undefined;
        state.failed(isRefusal(thrown) ? thrown.message : reasonOf(thrown));
        throw thrown;
      },
    );
    return opening;
  };
  /** What it loads takes a tenth of a second, which a start need not wait for. */
  const openDatabase = async (): Promise<Database> => {
    const { openMigrated } = await import("./schema.ts");
    return openMigrated(target, migrations, { statementMs: methodMs, onLost: () => void look(true) });
  };
  const use: Use = async (run) => {
    try {
      if (isInMemory(target)) await open(); // loading takes what it takes: nobody else is waited for
      return await within(methodMs, async () => {
        const { db } = await open();
        return whenFree(() => run(db), methodMs);
      });
    } catch (thrown) {
      if (isRefusal(thrown)) throw unavailable("refused"); // logged when it was opened
      const failure = failureOf(thrown);
      if (failure.code === "store_unavailable" && closing === undefined) state.failed(reasonOf(thrown));
      throw failure;
    }
  };
  const look = async (isDue: boolean): Promise<void> => {
    if (!isDue || isLooking || closing !== undefined) return;
    isLooking = true;
    await use(state.isUp() ? readOne : writeOne).then(state.worked, () => undefined); // its failure has been logged
    isLooking = false;
  };
  const nextRound = (): void => {
    rounds += 1;
    void look(!state.isUp() || (target.kind === "postgres" && rounds % lookEvery === 0));
  };

  return {
    keys: createKeyStore(use),
    audit: createAuditStore(use),
    oauth: createOAuthStore(use, databaseClock(target.kind, clock)),
    settings: createSettingStore(use, databaseClock(target.kind, clock)),
    isUp: state.isUp,
    ready: async () => {
      if (isInMemory(target)) return true; // there is nothing that could be wrong with it, and a start need not wait
      try {
        await open();
        return true;
      } catch (thrown) {
        if (isRefusal(thrown)) throw thrown;
        return false;
      }
    },
    close: () => {
      clearInterval(timer);
      const last = opening;
      // One that is still being opened, or that hangs, is left to itself.
      closing ??= within(methodMs, async () => await last?.then((database) => database.close())).catch(() => undefined);
      return closing;
    },
  };
}

function isInMemory(target: DatabaseTarget): boolean {
  return target.kind === "sqlite" && target.path === undefined;
}

/** Somebody has to change something: the file, the user, the program. */
function isRefusal(thrown: unknown): thrown is GatewayError {
  return thrown instanceof GatewayError && thrown.code === "invalid_request";
}

async function readOne(db: Kysely<Tables>): Promise<void> {
  await db.selectFrom("specgate_store").select("id").execute();
}

/** A database that is full or read-only can still be read, so while it is away it is written to. */
async function writeOne(db: Kysely<Tables>): Promise<void> {
  await db.updateTable("specgate_store").set({ checked_at: new Date().toISOString() }).where("id", "=", 1).execute();
}

/** The result of `work`, or a failure after `ms`; what it does goes on then, bounded by the timeouts of its statements. */
async function within<Result>(ms: number, work: () => Promise<Result>): Promise<Result> {
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error("timed out")), ms);
  try {
    return await Promise.race([work(), promise]);
  } finally {
    clearTimeout(timer);
  }
}
