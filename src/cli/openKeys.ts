import { accessEvent } from "../audit/accessEvent.ts";
import { createAuditWriter } from "../audit/writer.ts";
import { createGatewayKeys, type GatewayKeys } from "../auth/gatewayKeys.ts";
import { deriveKeys } from "../auth/keys.ts";
import { createRedisRevocations } from "../auth/revocations.redis.ts";
import { createLocalRevocations } from "../auth/revocations.ts";
import { knownScopes } from "../calls/authorize.ts";
import { createCatalog } from "../catalog/catalog.ts";
import type { ScopesConfig } from "../config/config.ts";
import { readEnvironment } from "../config/environment.ts";
import { defaultDatabaseUrl, type GatewayFile, readGatewayFile, resolveScopes } from "../config/load.ts";
import { GatewayError } from "../errors.ts";
import { connectRedis } from "../redis/connection.ts";
import { openStore } from "../storage/store.ts";
import { createLogger } from "../telemetry/log.ts";
import { Secret } from "../telemetry/secret.ts";
import { loadGenerated } from "./api.ts";
import { chooseProject, findProjects, type Project } from "./projects.ts";
import type { Terminal } from "./terminal.ts";

/** What a command waits at most for its records to be written. */
const longestWriteMs = 5_000;

/** Gateway keys as the command line manages them: in the database itself, whether a gateway runs or not. */
export interface OpenedKeys {
  readonly keys: GatewayKeys;
  readonly scopes: ScopesConfig;
  readonly close: () => Promise<void>;
}

/**
 * Opens the store of `DATABASE_URL` with the prefix and scopes of gateway.yaml. Throws `invalid_request` (usage) without
 * `SPECGATE_SECRET`, since a key made with another secret than the gateway's is good nowhere. Warns when `REDIS_URL` does not
 * answer: replicas then notice a revocation later.
 */
export async function openKeys(config: string | undefined, terminal: Terminal): Promise<OpenedKeys> {
  const environment = readEnvironment(process.env);
  if (environment.secrets.length === 0)
    throw new GatewayError("invalid_request", "SPECGATE_SECRET is not set: give the one that the gateway has", {
      data: { usage: true },
    });
  if (environment.databaseUrl?.reveal() === "sqlite::memory:")
    throw new GatewayError(
      "invalid_request",
      "DATABASE_URL is in the memory of a process: keys made here would be gone",
      {
        data: { usage: true },
      },
    );
  const project = projectOf(config ?? environment.config);
  const file: GatewayFile = project?.config === undefined ? { api: "none" } : readGatewayFile(project.config);
  const scopes = resolveScopes(file);
  const known = await knownTo(project, file, scopes);
  const logger = createLogger("silent", 2);
  const store = openStore(environment.databaseUrl ?? new Secret(defaultDatabaseUrl), { logger });
  const audit = createAuditWriter({
    store: store.audit,
    logger,
    forward: file.audit?.sinks?.webhook !== undefined,
  });
  const redis = environment.redisUrl === undefined ? undefined : connectRedis(environment.redisUrl, { logger });
  const isTold = (await redis?.ready()) ?? true;
  if (!isTold) terminal.err("warning: REDIS_URL does not answer; replicas notice a revoked key within 5 seconds");
  return {
    keys: createGatewayKeys({
      prefix: file.keys?.prefix ?? "sg",
      ring: {
        peppers: deriveKeys(environment.secrets, "pepper"),
        seals: deriveKeys(environment.secrets, "credential"),
      },
      store: store.keys,
      revocations: redis === undefined ? createLocalRevocations() : createRedisRevocations({ redis }),
      ...(known && { knownScopes: known }),
      onChange: ({ kind, keyId: id, ...change }) => {
        const ended = { what: "connection", type: "ended" } as const;
        audit.record(accessEvent({ ...change, id, ...(kind === undefined ? { what: "key" } : ended) }));
      },
    }),
    scopes,
    close: async () => {
      await audit.close(longestWriteMs);
      if (audit.waiting() > 0) terminal.err("warning: the audit log was not written and lacks what was done here");
      await redis?.close();
      await store.close();
    },
  };
}

/** The API of gateway.yaml; none where the Spec is served directly. */
function projectOf(config: string | undefined): Project | undefined {
  if (config === undefined && findProjects(process.cwd()).every((one) => one.config === undefined)) return undefined;
  return chooseProject(process.cwd(), config);
}

/** Undefined where the API is not generated: then a misspelt scope cannot be told. */
async function knownTo(
  project: Project | undefined,
  { api }: GatewayFile,
  scopes: ScopesConfig,
): Promise<ReadonlySet<string> | undefined> {
  if (project === undefined) return undefined;
  try {
    return knownScopes(scopes, createCatalog(await loadGenerated({ ...project, name: api })).tools);
  } catch (thrown) {
    if (thrown instanceof GatewayError) return undefined;
    throw thrown;
  }
}
