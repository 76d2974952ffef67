import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Api } from "../../src/descriptor.ts";
import { callerOf } from "../fakes/caller.ts";
import { startGateway, type TestGateway } from "../fakes/gateway.ts";
import { emptyApi, idParam, widget } from "../operations/fixture.ts";
import { listen, type TestServer } from "../upstream/fixture.ts";

const get = {
  name: "get_widget",
  kind: "get",
  effect: "read",
  description: "Get.",
  operation: { id: "get", method: "GET", path: "/widgets/{id}" },
  params: [idParam],
  result: { noun: true },
} as const;
const api: Api = { ...emptyApi, resources: [{ ...widget, tools: { get } }] };

let upstream: TestServer;
let gateway: TestGateway;
beforeAll(async () => {
  upstream = await listen((req, res) => {
    const isThere = req.url?.startsWith("/widgets/w1") === true;
    res.writeHead(isThere ? 200 : 404, { "content-type": "application/json" });
    res.end(JSON.stringify(isThere ? { id: "w1", color: "green" } : { message: "none" }));
  });
  gateway = await startGateway(api, upstream.url, "api: test", { METRICS_PORT: "0" });
});
afterAll(async () => {
  await gateway.close();
  await upstream.close();
});

/** The value of the one line that begins with `name` and has all of `labels`. */
async function sampleOf(name: string, labels: Readonly<Record<string, string>> = {}): Promise<number | undefined> {
  const text = await (await fetch(gateway.metricsUrl ?? "")).text();
  const line = text
    .split("\n")
    .find(
      (one) =>
        one.startsWith(name) && Object.entries(labels).every(([label, value]) => one.includes(`${label}="${value}"`)),
    );
  return line === undefined ? undefined : Number(line.slice(line.lastIndexOf(" ") + 1));
}

const operations = "mcp_server_operation_duration_seconds_count";

describe("the metrics of a running gateway", () => {
  it("count calls by what they came to, the upstream's answers and drift", async () => {
    const caller = callerOf(gateway.url, "key");
    await caller.call("get_widget", { id: "w1" });
    await caller.call("get_widget", { id: "w1" });
    await caller.call("get_widget", { id: "w2" });
    const call = {
      mcp_method_name: "tools/call",
      resource: "Widget",
      kind: "get",
      network_transport: "tcp",
      mcp_protocol_version: "2026-07-28",
    };
    expect(await sampleOf(operations, { ...call, error_type: "" })).toBe(2);
    expect(await sampleOf(operations, { ...call, error_type: "tool_error" })).toBe(1);
    expect(
      await sampleOf("specgate_upstream_request_duration_seconds_count", { upstream: "default", outcome: "ok" }),
    ).toBe(2);
    expect(await sampleOf("specgate_upstream_request_duration_seconds_count", { outcome: "upstream_not_found" })).toBe(
      1,
    );
    expect(await sampleOf("specgate_response_drift_total", { resource: "Widget", kind: "get", drift: "enum" })).toBe(2);
  });

  it("give protocol errors their code, and no label to what a caller invents", async () => {
    const caller = callerOf(gateway.url, "key");
    await caller.request("tools/call", { name: "invented_tool", arguments: {} });
    await caller.request("invented/method");
    expect(await sampleOf(operations, { mcp_method_name: "tools/call", resource: "", error_type: "-32602" })).toBe(1);
    expect(await sampleOf(operations, { mcp_method_name: "_OTHER", error_type: "-32601" })).toBe(1);
    expect(await (await fetch(gateway.metricsUrl ?? "")).text()).not.toContain("invented");
  });

  it("give initialize the version that was agreed, and count the session", async () => {
    const params = { protocolVersion: "2025-06-18", capabilities: {}, clientInfo: { name: "t", version: "1" } };
    const opened = await fetch(gateway.url, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        accept: "application/json, text/event-stream",
        "x-api-key": "key",
      },
      body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "initialize", params }),
    });
    expect(opened.status).toBe(200);
    expect(await sampleOf(operations, { mcp_method_name: "initialize", mcp_protocol_version: "2025-06-18" })).toBe(1);
    expect(await sampleOf("specgate_sessions")).toBe(1);
    expect(await sampleOf("specgate_open_streams")).toBe(0);
    const session = opened.headers.get("mcp-session-id") ?? "";
    expect(await (await fetch(gateway.metricsUrl ?? "")).text()).not.toContain(session);
  });

  const requests = [
    { name: "serves HEAD without a body", method: "HEAD", path: "/metrics", want: 200 },
    { name: "serves a query", method: "GET", path: "/metrics?x=1", want: 200 },
    { name: "has no other path", method: "GET", path: "/mcp", want: 404 },
    { name: "takes nothing", method: "POST", path: "/metrics", want: 405 },
  ];
  for (const { name, method, path, want } of requests) {
    it(name, async () => {
      const answer = await fetch(new URL(path, gateway.metricsUrl), { method });
      expect(answer.status).toBe(want);
      expect(answer.headers.get("content-type")).toMatch(/^text\/plain; (version=0\.0\.4; )?charset=utf-8/);
      if (method === "HEAD") expect(await answer.text()).toBe("");
    });
  }

  it("are nowhere on the gateway's own port, and nowhere at all without METRICS_PORT", async () => {
    expect((await fetch(`${gateway.base}/metrics`)).status).toBe(404);
    const plain = await startGateway(api, upstream.url);
    expect(plain.metricsUrl).toBeUndefined();
    await plain.close();
  });
});
