import { setTimeout as sleep } from "node:timers/promises";
import { PostgresDialect, type PostgresPool, type PostgresPoolClient } from "kysely";
import pg from "pg";
import type { PostgresTarget } from "./url.ts";

export interface PostgresTimes {
  /** Milliseconds until a connection stands. */
  readonly connectMs: number;
  /** Milliseconds of one statement, by the server's clock and by ours. */
  readonly statementMs: number;
}

/** How long an unused connection is kept. */
const idleMs = 30_000;
const int8 = 20;
const endMs = 500;

/** PostgreSQL through a pool of `pg`. Connects at the first statement. `onLost` hears of unused connections that broke. */
export function postgresDialect(
  target: PostgresTarget,
  times: PostgresTimes,
  onLost: (thrown: unknown) => void,
): PostgresDialect {
  const pool = new pg.Pool({
    host: target.host,
    port: target.port,
    database: target.database,
    user: target.user,
    ...(target.password === undefined ? {} : { password: target.password.reveal() }),
    ssl: target.tls === undefined ? false : { ...target.tls, rejectUnauthorized: true },
    max: target.poolSize,
    connectionTimeoutMillis: times.connectMs,
    query_timeout: times.statementMs,
    idleTimeoutMillis: idleMs,
    keepAlive: true,
    application_name: "specgate",
    types: { getTypeParser },
    // Not as startup parameters: PgBouncer refuses those that it does not know.
    onConnect: async (client: pg.ClientBase) => {
      // One that breaks while it is used says so to its statement; what nobody listens to would end the process.
      client.on("error", () => undefined);
      await client.query(
        `set statement_timeout = ${times.statementMs}; set idle_in_transaction_session_timeout = ${times.statementMs * 5}`,
      );
    },
  });
  pool.on("error", onLost);
  return new PostgresDialect({ pool: replacing(pool) });
}

/** Our 64-bit numbers count rows and calls, far below 2^53: they are read as numbers, as SQLite gives them. */
function getTypeParser(oid: number, format?: "text" | "binary"): (value: string) => unknown {
  return oid === int8 ? Number : (pg.types.getTypeParser(oid, format as "text") as (value: string) => unknown); // pg overloads by format
}

/**
 * The pool, but a connection that failed by other than the server's word is closed instead of reused: after a timeout `pg` keeps
 * it waiting for the late answer, and the next statement with it.
 */
function replacing(pool: pg.Pool): PostgresPool {
  const open = new Set<pg.PoolClient>();
  pool.on("connect", (client) => open.add(client)).on("remove", (client) => open.delete(client));
  return {
    options: pool.options,
    end: () => end(pool, open),
    connect: async () => {
      const client = await pool.connect();
      let broken: unknown;
      const query = async (sql: string, parameters: readonly unknown[]): Promise<unknown> => {
        if (broken !== undefined) throw broken; // the rollback that follows would wait as long again
        try {
          return await client.query(sql, [...parameters]);
        } catch (thrown) {
          if (!isAnswer(thrown)) broken = thrown;
          throw thrown;
        }
      };
      return {
        query,
        release: () => client.release(broken !== undefined),
      } as PostgresPoolClient; // cursors, the other form of `query`, are not used
    },
  };
}

/** Says goodbye, and hangs up on a server that does not answer: its connections would keep the process alive. */
async function end(pool: pg.Pool, open: ReadonlySet<pg.PoolClient>): Promise<void> {
  await Promise.race([pool.end(), sleep(endMs, undefined, { ref: false })]);
  for (const client of open) (client as unknown as { connection: pg.Connection }).connection.stream.destroy(); // the types leave it out
}

/** The server answered and keeps the connection. Read-only (25006) is a former primary: the next connection finds the new one. */
function isAnswer(thrown: unknown): boolean {
  return thrown instanceof pg.DatabaseError && thrown.code !== "25006" && !/^(?:57P|08)/.test(thrown.code ?? "");
}
