import { join } from "node:path";
import { onTestFinished } from "vitest";
import type { Store } from "../../src/storage/port.ts";
import { openStore } from "../../src/storage/store.ts";
import { createLogger } from "../../src/telemetry/log.ts";
import { Secret } from "../../src/telemetry/secret.ts";
import { testFolder } from "../fakes/folder.ts";
import { storeContract } from "./contract.ts";
import { oauthContract } from "./oauthContract.ts";

async function opened(url: string, clock?: () => Date): Promise<Store> {
  const store = openStore(new Secret(url), { logger: createLogger("silent"), ...(clock && { clock }) });
  onTestFinished(() => store.close());
  await store.ready();
  return store;
}

storeContract("a file of SQLite", () => opened(`sqlite:${join(testFolder(), "specgate.db")}`));
storeContract("SQLite in memory", () => opened("sqlite::memory:"));

oauthContract("a file of SQLite", (clock) => opened(`sqlite:${join(testFolder(), "specgate.db")}`, clock));
oauthContract("SQLite in memory", (clock) => opened("sqlite::memory:", clock));
