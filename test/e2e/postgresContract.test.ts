import { afterAll, beforeAll, describe, onTestFinished } from "vitest";
import { openStore } from "../../src/storage/store.ts";
import { createLogger } from "../../src/telemetry/log.ts";
import { Secret } from "../../src/telemetry/secret.ts";
import { type PostgresServer, startPostgres, withoutPostgres } from "../fakes/postgres.ts";
import { storeContract } from "../storage/contract.ts";

describe.skipIf(withoutPostgres)("the contract of the store", () => {
  let server: PostgresServer;
  beforeAll(async () => {
    server = await startPostgres();
  });
  afterAll(() => server?.close());

  storeContract("PostgreSQL", async () => {
    const store = openStore(new Secret(await server.database()), { logger: createLogger("silent") });
    onTestFinished(() => store.close());
    await store.ready();
    return store;
  });
});
