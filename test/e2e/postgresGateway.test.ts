import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from "vitest";
import { generateFrom, startGateway } from "../fakes/gateway.ts";
import { type PostgresServer, startPostgres, withoutPostgres } from "../fakes/postgres.ts";
import { postStateless } from "../http/wire.ts";

const document = {
  openapi: "3.1.0",
  info: { title: "Things", version: "1" },
  paths: { "/widgets": { get: { operationId: "listWidgets", responses: { 200: { description: "All of them." } } } } },
};
const backWithinMs = 20_000;

describe.skipIf(withoutPostgres)("a gateway whose PostgreSQL goes away", () => {
  let server: PostgresServer;
  beforeAll(async () => {
    server = await startPostgres();
  });
  afterAll(() => server?.close());

  it("says that it is degraded, serves pass-through keys on, and recovers by itself; also when it starts then", async () => {
    const { api } = await generateFrom(document);
    const variables = { DATABASE_URL: await server.database(), SPECGATE_SECRET: "a-secret-of-32-characters-000000" };
    const open = async () => {
      const gateway = await startGateway(api, "http://127.0.0.1:9", "api: things", variables);
      onTestFinished(() => gateway.close());
      return gateway;
    };
    const healthOf = async (base: string): Promise<unknown> => {
      const health = (await (await fetch(`${base}/mcp/health`)).json()) as { status: string; store: string };
      const ready = await fetch(`${base}/readyz`);
      return [health.status, health.store, ready.status, ((await ready.json()) as { status: string }).status];
    };
    const first = await open();
    expect(await healthOf(first.base)).toEqual(["ok", "ok", 200, "ready"]);

    await server.kill();
    const degraded = ["degraded", "ok", 200, "degraded"];
    await vi.waitFor(async () => expect(await healthOf(first.base)).toEqual(degraded), { timeout: backWithinMs });
    const late = await open();
    for (const { base, url } of [first, late]) {
      expect(await healthOf(base)).toEqual(degraded);
      const { body } = await postStateless(url, "tools/list");
      expect(JSON.stringify(body)).toContain("list_widgets");
    }

    await server.start();
    for (const { base } of [first, late])
      await vi.waitFor(async () => expect(await healthOf(base)).toEqual(["ok", "ok", 200, "ready"]), {
        timeout: backWithinMs,
      });
  });
});
