import type { Kysely } from "kysely";
import type { Tables } from "./tables.ts";

/** Runs statements on the open database, within a second; whatever fails is thrown as a GatewayError. */
export type Use = <Result>(run: (db: Kysely<Tables>) => Promise<Result>) => Promise<Result>;
