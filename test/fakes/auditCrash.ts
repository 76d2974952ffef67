import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sweepUnknowns } from "../../src/audit/housekeeping.ts";
import { verifyAudit } from "../../src/audit/verify.ts";
import { createAuditWriter } from "../../src/audit/writer.ts";
import { openStore } from "../../src/storage/store.ts";
import { createLogger } from "../../src/telemetry/log.ts";
import { Secret } from "../../src/telemetry/secret.ts";
import { listening, serveNode, specgateMain } from "../e2e/process.ts";
import { postStateless } from "../http/wire.ts";
import { seeLog } from "./auditLog.ts";
import { type Recorded, startRecorder } from "./recorder.ts";
import { widgetSpec } from "./widgets.ts";

/** What was found after a gateway was killed many times in the middle of its work. */
export interface CrashReport {
  /** Changes that reached the API. */
  readonly sent: number;
  /** Of these, those without an intent. */
  readonly unintended: number;
  /** Names that reached the API more than once. */
  readonly twice: readonly string[];
  readonly intents: number;
  /** Intents that were left open by a kill. */
  readonly leftOpen: number;
  /** Events that have not exactly one intent and one outcome in the end. */
  readonly uneven: readonly string[];
  /** Acknowledged calls whose outcome is neither `ok` nor, killed before it was written, `unknown`. */
  readonly denied: readonly string[];
  readonly broken: string | undefined;
}

const yaml = `api: widgets
audit: { attribution: true, values: [name] }
limits: { writesPerMinute: "off", requestsPerMinutePerAddress: "off" }
upstreams: { default: { url: "http://127.0.0.1:1", limits: { runningPerPrincipal: 64 } } }
`;
const callsPerRound = 12;

/**
 * Starts `specgate serve` over an API that takes its time, calls it from all sides, and kills it (SIGKILL) at a random moment;
 * `rounds` times over one database. After each start what may have been done before is asked for again, with the same keys.
 */
export async function crashes(rounds: number, random: () => number): Promise<CrashReport> {
  const folder = mkdtempSync(join(tmpdir(), "specgate-crash-"));
  const database = `sqlite:${join(folder, "audit.db")}`;
  const api = await startRecorder(async ({ body }) => {
    await new Promise((resolve) => setTimeout(resolve, random() * 20));
    const answer = { ...(JSON.parse(body.toString()) as object), id: "w" };
    return { status: 201, headers: { "content-type": "application/json" }, body: JSON.stringify(answer) };
  });
  writeFileSync(join(folder, "spec.json"), JSON.stringify(widgetSpec));
  writeFileSync(join(folder, "gateway.yaml"), yaml);
  const acknowledged = new Set<string>();
  let asked: string[] = [];
  try {
    for (let round = 0; round < rounds; round++) {
      const served = await serveNode(
        [
          specgateMain,
          "serve",
          "--spec",
          "spec.json",
          "--config",
          "gateway.yaml",
          "--port",
          "0",
          "--upstream",
          api.url,
        ],
        listening,
        { cwd: folder, env: { DATABASE_URL: database, SPECGATE_SECRET: "a secret of the tests", LOG_LEVEL: "info" } },
      );
      const url = `${served.url}/mcp`;
      await Promise.all(asked.map((name) => create(url, name)));
      asked = Array.from({ length: callsPerRound }, (_, at) => `n${round}-${at}`);
      const calls = asked.map(async (name) => {
        await new Promise((resolve) => setTimeout(resolve, random() * 40));
        if (await create(url, name)) acknowledged.add(name);
      });
      await new Promise((resolve) => setTimeout(resolve, random() * 80));
      const gone = new Promise((resolve) => served.child.once("exit", resolve));
      served.child.kill("SIGKILL");
      await Promise.all([gone, ...calls]);
    }
    return await inspect(database, api.requests, acknowledged);
  } finally {
    await api.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Whether it was answered that it is made. */
async function create(url: string, name: string): Promise<boolean> {
  const call = { name: "create_widget", arguments: { name, idempotency_key: name } };
  try {
    const { body } = await postStateless(url, "tools/call", call);
    const { result } = body as { result?: { isError?: boolean } };
    return result !== undefined && result.isError !== true;
  } catch {
    return false; // the gateway died
  }
}

async function inspect(
  database: string,
  requests: readonly Recorded[],
  acknowledged: ReadonlySet<string>,
): Promise<CrashReport> {
  const logger = createLogger("silent");
  const store = openStore(new Secret(database), { logger });
  const log = seeLog(database);
  const intended = new Set((await log.events()).filter(({ kind }) => kind === "intent").map(({ event_id: id }) => id));
  const writer = createAuditWriter({ store: store.audit, logger });
  const leftOpen = await sweepUnknowns({ store: store.audit, writer, logger, now: () => Date.now() + 600_000 });
  await writer.close(10_000);
  const events = await log.events();
  const { broken } = await verifyAudit(store.audit.stream(), await store.audit.seals());
  const byEvent = Map.groupBy(
    events.filter(({ kind }) => kind !== "call"),
    ({ event_id: id }) => id,
  );
  const names = requests.map(({ body }) => (JSON.parse(body.toString()) as { name: string }).name);
  const ended = events.filter(({ kind, outcome }) => kind === "outcome" && (outcome === "ok" || outcome === "unknown"));
  const told = new Set(ended.map(({ values }) => String(values?.name)));
  await log.close();
  await store.close();
  return {
    sent: requests.length,
    unintended: requests.filter(({ headers }) => !intended.has(String(headers["x-audit-event-id"]))).length,
    twice: names.filter((name, at) => names.indexOf(name) !== at),
    intents: intended.size,
    leftOpen,
    uneven: [...byEvent].flatMap(([id, rows]) =>
      rows
        .map(({ kind }) => kind)
        .sort()
        .join() === "intent,outcome"
        ? []
        : [id],
    ),
    denied: [...acknowledged].filter((name) => !told.has(name)),
    broken: broken?.why,
  };
}
