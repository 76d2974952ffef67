import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { migrations } from "../../src/storage/migrations/index.ts";
import { type PostgresServer, run, startPostgres, withoutPostgres } from "../fakes/postgres.ts";
import { migrationContract } from "../storage/migrations.ts";
import { specgate } from "./process.ts";

/** `specgate migrate` in ten processes at once; which migrations each says that it ran. */
async function migrateTenTimes(url: string): Promise<readonly number[]> {
  const runs = await Promise.all(
    Array.from({ length: 10 }, () => specgate(["migrate", "--json"], { env: { DATABASE_URL: url } })),
  );
  expect(runs.map(({ code, stderr }) => [code, stderr])).toEqual(runs.map(() => [0, ""]));
  return runs.flatMap(({ stdout }) =>
    (JSON.parse(stdout) as { migrated: { version: number }[] }).migrated.map(({ version }) => version),
  );
}

const all = migrations.map(({ version }) => version);

describe.skipIf(withoutPostgres)("migrations of PostgreSQL", () => {
  let server: PostgresServer;
  beforeAll(async () => {
    server = await startPostgres();
  });
  afterAll(() => server?.close());

  migrationContract(() => server.database());

  it("run once in ten processes that start at the same time", async () => {
    expect(await migrateTenTimes(await server.database())).toEqual(all);
  });

  it("are not run for a user who may not make tables, which is said", async () => {
    const url = await server.database();
    await run(url, "create role reader login password 'canary-1'");
    await run(url, "revoke create on schema public from public");
    const reader = url.replace(/\/\/[^@]+@/, "//reader:canary-1@");
    const { code, stderr } = await specgate(["migrate"], { env: { DATABASE_URL: reader } });
    expect([code, stderr]).toEqual([
      1,
      "error: the user of DATABASE_URL may not create tables; grant it CREATE on its schema (42501)\n",
    ]);
  });

  it("are told from what is pending by --check, with exit code 1", async () => {
    const env = { DATABASE_URL: await server.database() };
    const pending = migrations.map(({ version, name }) => `pending  ${version}  ${name}\n`).join("");
    expect(await specgate(["migrate", "--check"], { env })).toEqual({
      code: 1,
      stdout: pending,
      stderr: "run: specgate migrate\n",
    });
    expect((await specgate(["migrate"], { env })).stdout).toBe(pending.replaceAll("pending", "migrated"));
    const current = { code: 0, stdout: "the schema is up to date\n", stderr: "" };
    expect(await specgate(["migrate", "--check"], { env })).toEqual(current);
    expect(await specgate(["migrate"], { env })).toEqual(current);
  });

  it("end serve with 1 where the schema is newer than the program", async () => {
    const url = await server.database();
    await specgate(["migrate"], { env: { DATABASE_URL: url } });
    await run(url, "insert into specgate_migrations values (99, 'later', 99, '2027-01-01T00:00:00.000Z')");
    const env = { DATABASE_URL: url, SPECGATE_SECRET: "a-secret-of-32-characters-000000" };
    for (const args of [
      ["serve", "--port", "0", "--upstream", "http://127.0.0.1:1"],
      ["migrate"],
      ["migrate", "--check"],
    ]) {
      const { code, stderr } = await specgate(args, { env });
      expect(code).toBe(1);
      expect(stderr).toContain("the schema of the database is newer than this program: it is at version 99");
    }
  });

  const refused = [
    {
      name: "a wrong password",
      change: (url: string) => url.replace(/:[^:@]+@/, ":canary-2@"),
      want: "PostgreSQL refuses the user or the password of DATABASE_URL (28P01)",
    },
    {
      name: "a database that is not there",
      change: (url: string) => url.replace(/\/d\d+$/, "/canary-2"),
      want: "PostgreSQL has no such database as DATABASE_URL names (3D000)",
    },
    {
      name: "TLS that is not there",
      change: (url: string) => `${url}?sslmode=verify-full`,
      want: "the database of DATABASE_URL does not answer (the server offers no TLS)",
    },
    {
      name: "an address where nobody listens",
      change: (url: string) => url.replace(/:\d+\//, ":1/"),
      want: "the database of DATABASE_URL does not answer (ECONNREFUSED)",
    },
  ];
  for (const { name, change, want } of refused)
    it(`are not run for ${name}, which is said without the URL`, async () => {
      const url = change(await server.database());
      const { code, stdout, stderr } = await specgate(["migrate"], { env: { DATABASE_URL: url } });
      expect([code, stdout, stderr]).toEqual([1, "", `error: ${want}\n`]);
    });
});

describe("migrations of a file of SQLite", () => {
  it("run once in ten processes that start at the same time", async () => {
    const folder = mkdtempSync(join(tmpdir(), "specgate-migrate-"));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    expect(await migrateTenTimes(`sqlite:${join(folder, "data", "specgate.db")}`)).toEqual(all);
  });
});
