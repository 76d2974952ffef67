import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { GatewayError } from "../../src/errors.ts";
import { type DatabaseTarget, type PostgresTarget, parseDatabaseUrl } from "../../src/storage/url.ts";
import { Secret } from "../../src/telemetry/secret.ts";
import { testFolder } from "../fakes/folder.ts";

const parse = (url: string): DatabaseTarget => parseDatabaseUrl(new Secret(url));
const postgres: PostgresTarget = {
  kind: "postgres",
  host: "db",
  port: 5432,
  database: "specgate",
  user: "ada",
  poolSize: 10,
};

describe("parseDatabaseUrl", () => {
  const cases: readonly { readonly given: string; readonly want: DatabaseTarget }[] = [
    { given: "sqlite:./data/specgate.db", want: { kind: "sqlite", path: "./data/specgate.db" } },
    { given: "sqlite:/var/lib/a b/x.db", want: { kind: "sqlite", path: "/var/lib/a b/x.db" } },
    { given: "sqlite:///var/lib/x.db", want: { kind: "sqlite", path: "/var/lib/x.db" } },
    { given: "sqlite::memory:", want: { kind: "sqlite" } },
    { given: "postgres://ada@db/specgate", want: postgres },
    { given: "postgresql://ada@db:6543/specgate", want: { ...postgres, port: 6543 } },
    { given: "postgres://ada@[::1]:1/specgate", want: { ...postgres, host: "::1", port: 1 } },
    { given: "postgres://ada@db/spec%2Fgate", want: { ...postgres, database: "spec/gate" } },
    {
      given: "postgres://ada@/specgate?host=/run/postgresql",
      want: { ...postgres, host: "/run/postgresql" },
    },
    { given: "postgres://ada@db/specgate?pool_size=3", want: { ...postgres, poolSize: 3 } },
    { given: "postgres://ada@db/specgate?sslmode=disable", want: postgres },
    {
      given: "postgres://ada@db/specgate?sslmode=require&channel_binding=require&application_name=x",
      want: { ...postgres, tls: {} },
    },
  ];
  for (const { given, want } of cases) it(`reads ${given}`, () => expect(parse(given)).toEqual(want));

  it("decodes user and password, and keeps the password secret", () => {
    const target = parse("postgres://a%40b:p%3A%2F%40%25@db/specgate") as PostgresTarget;
    expect([target.user, target.password?.reveal()]).toEqual(["a@b", "p:/@%"]);
    expect(JSON.stringify(target)).not.toContain("p:/@%");
  });

  it("reads the authorities to trust from a file", () => {
    const file = join(testFolder(), "ca.pem");
    writeFileSync(file, "PEM");
    expect(parse(`postgres://ada@db/specgate?sslmode=verify-full&sslrootcert=${file}`)).toEqual({
      ...postgres,
      tls: { ca: "PEM" },
    });
  });

  const faults = [
    { given: "mysql://ada:hunter2@db/x", want: "is no URL of a database; give sqlite:" },
    { given: "hunter2", want: "is no URL of a database" },
    { given: "sqlite:", want: "names no file" },
    { given: "sqlite://data/hunter2.db", want: "names no file" },
    { given: "sqlite:x.db?mode=memory&hunter2", want: "names no file" },
    { given: "postgres://ada:hunter2@db", want: "names no database" },
    { given: "postgres://ada:hunter2@db/", want: "names no database" },
    { given: "postgres://db/hunter2", want: "names no user" },
    { given: "postgres://ada:hunter2@a,b/x", want: "has a host that is not one name:port" },
    { given: "postgres://ada:hunter2@db:99999/x", want: "has a host that is not one name:port" },
    { given: "postgres://ada:hun@ter2@db/x", want: "is no PostgreSQL URL" },
    { given: "postgres://ada:hunter2/@db/x", want: "is no PostgreSQL URL" },
    { given: "postgres://ada:hunter2%@db/x", want: "holds a % that is no percent-encoding" },
    { given: "postgres://ada:hunter2@db/x?ssl=hunter2", want: "has an unknown setting; known: sslmode" },
    { given: "postgres://ada:hunter2@db/x?sslmode=prefer", want: "has an sslmode that is none of" },
    { given: "postgres://ada:hunter2@db/x?sslmode=no-verify", want: "has an sslmode that is none of" },
    {
      given: "postgres://ada:hunter2@db/x?sslrootcert=/nowhere/ca.pem",
      want: "names an sslrootcert that cannot be read (ENOENT)",
    },
    {
      given: `postgres://ada:hunter2@db/x?sslrootcert=${import.meta.filename}`,
      want: "names an sslrootcert without TLS",
    },
    { given: "postgres://ada:hunter2@db/x?pool_size=0", want: "has a pool_size that is not a number from 1" },
  ];
  for (const { given, want } of faults)
    it(`refuses ${given}, and shows nothing of it`, () => {
      const error = (() => {
        try {
          return parse(given);
        } catch (thrown) {
          return thrown;
        }
      })();
      expect(error).toBeInstanceOf(GatewayError);
      const { code, message, facts } = error as GatewayError; // as just asserted
      expect([code, facts.data]).toEqual(["invalid_request", { usage: true }]);
      expect(message).toContain(`DATABASE_URL ${want}`);
      expect(message).not.toMatch(/hunter2|hun@|ter2/);
    });
});
