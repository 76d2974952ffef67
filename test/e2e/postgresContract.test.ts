import { afterAll, beforeAll, describe, onTestFinished } from "vitest";
import type { Store } from "../../src/storage/port.ts";
import { openStore } from "../../src/storage/store.ts";
import { createLogger } from "../../src/telemetry/log.ts";
import { Secret } from "../../src/telemetry/secret.ts";
import { type PostgresServer, startPostgres, withoutPostgres } from "../fakes/postgres.ts";
import { storeContract } from "../storage/contract.ts";
import { oauthContract } from "../storage/oauthContract.ts";

describe.skipIf(withoutPostgres)("the contract of the store", () => {
  let server: PostgresServer;
  beforeAll(async () => {
    server = await startPostgres();
  });
  afterAll(() => server?.close());

  const opened = async (clock?: () => Date): Promise<Store> => {
    const url = new Secret(await server.database());
    const store = openStore(url, { logger: createLogger("silent"), ...(clock && { clock }) });
    onTestFinished(() => store.close());
    await store.ready();
    return store;
  };
  storeContract("PostgreSQL", () => opened());
  oauthContract("PostgreSQL", opened);
});
