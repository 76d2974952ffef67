import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { listening, type Served, serveNode, specgateMain } from "../e2e/process.ts";
import { startWidgets, type Widgets, widgetSpec } from "../fakes/widgets.ts";
import { get, key, openSession, postSession, postStateless, type Wired } from "../http/wire.ts";

/** Ten times what is promised: the machines of tests are shared. */
const answersWithinMs = 10_000;
const backWithinMs = 60_000;

/** A hook of an API owner that computes for 300 ms without a break, which is what blocks an event loop in real life. */
const hooks = `export const hooks = [{ tool: "get_widget", hook: { before: ({ args }) => {
  const until = performance.now() + (args.id === "slow" ? 300 : 0);
  while (performance.now() < until);
  return args;
} } }];
`;

let folder: string;
let widgets: Widgets;
let served: Served;

beforeAll(async () => {
  widgets = await startWidgets([key["x-api-key"]]);
  folder = mkdtempSync(join(tmpdir(), "specgate-shedding-"));
  const write = (name: string, text: string): void => writeFileSync(join(folder, name), text);
  write("spec.json", JSON.stringify(widgetSpec));
  write("hooks.mjs", hooks);
  write(
    "gateway.yaml",
    `api: widgets
hooks: ./hooks.mjs
limits: { readsPerMinute: off, requestsPerMinutePerAddress: off, failuresPerMinute: off }
upstreams:
  default:
    url: ${widgets.url}
    limits: { runningPerPrincipal: 64 }
`,
  );
  served = await serveNode(
    [specgateMain, "serve", "--spec", "spec.json", "--config", "gateway.yaml", "--port", "0"],
    listening,
    { cwd: folder, env: { METRICS_PORT: "0" } },
  );
});
afterAll(async () => {
  await served.stop();
  await widgets.close();
  rmSync(folder, { recursive: true, force: true });
});

const call = (id: string): Promise<Wired> =>
  postStateless(`${served.url}/mcp`, "tools/call", { name: "get_widget", arguments: { id } });

/** What was answered, and when. */
interface Answered {
  readonly status: number;
  readonly ms: number;
}

/** Sends one after the other until told to stop. */
async function keepAsking(
  ask: () => Promise<{ status: number }>,
  until: AbortSignal,
  pauseMs = 0,
): Promise<Answered[]> {
  const answers: Answered[] = [];
  while (!until.aborted) {
    const start = performance.now();
    const { status } = await ask();
    answers.push({ status, ms: performance.now() - start });
    await sleep(pauseMs);
  }
  return answers;
}

describe("a gateway whose event loop is blocked", () => {
  it("refuses calls with 503 in both eras, serves health and lists, and takes calls again when it is over", async () => {
    const url = `${served.url}/mcp`;
    const { headers } = await openSession(url);
    const flood = new AbortController();
    const seen = { stateless: false, session: false };
    const ask = async (): Promise<Wired> => {
      const answer = await call("slow");
      seen.stateless ||= answer.status === 503;
      return answer;
    };
    const askInSession = async (): Promise<Wired> => {
      const params = { name: "get_widget", arguments: { id: "slow" } };
      const answer = await postSession(url, "tools/call", params, { id: 7, headers });
      if (answer.status !== 503) return answer;
      seen.session = true;
      expect(answer.headers.get("retry-after")).toMatch(/^\d+$/);
      expect(answer.body).toMatchObject({ jsonrpc: "2.0", id: 7, error: { code: -32000 } });
      return answer;
    };
    const callers = [1, 2, 3, 4, 5].map(() => keepAsking(ask, flood.signal));
    const sessions = [1, 2, 3].map(() => keepAsking(askInSession, flood.signal));
    const health = ["/healthz", "/readyz", "/mcp/health"].map((path) =>
      keepAsking(() => get(`${served.url}${path}`), flood.signal, 100),
    );
    const lists = keepAsking(() => postStateless(url, "tools/list"), flood.signal, 100);

    await vi.waitFor(() => expect(seen).toEqual({ stateless: true, session: true }), { timeout: backWithinMs });
    flood.abort();
    const calls = (await Promise.all([...callers, ...sessions])).flat();
    expect(new Set(calls.map(({ status }) => status))).toEqual(new Set([200, 503]));
    expect(Math.max(...calls.map(({ ms }) => ms))).toBeLessThan(answersWithinMs);
    for (const answers of [...(await Promise.all(health)), await lists]) {
      expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
      expect(Math.max(...answers.map(({ ms }) => ms))).toBeLessThan(answersWithinMs);
    }

    await vi.waitFor(
      async () => {
        for (let index = 0; index < 10; index++) expect((await call("w1")).status).toBe(200);
      },
      { timeout: backWithinMs, interval: 200 },
    );
  });
});
