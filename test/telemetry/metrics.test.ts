import { describe, expect, it } from "vitest";
import { createMetrics, metricNames } from "../../src/telemetry/metrics.ts";

const listing = { method: "tools/call", version: "2025-11-25", seconds: 0.03 } as const;
const tool = { name: "list_widgets", resource: "Widget", kind: "list" } as const;

/** The lines of one metric, without help and type. */
async function linesOf(metrics: { readonly text: () => Promise<string> }, name: string): Promise<string[]> {
  return (await metrics.text()).split("\n").filter((line) => line.startsWith(name));
}

describe("metrics", () => {
  it("label an operation by resource and kind, not by tool", async () => {
    const metrics = createMetrics({ transport: "tcp" });
    metrics.operation({ ...listing, tool });
    expect(await linesOf(metrics, `${metricNames.operationDuration}_count`)).toEqual([
      'mcp_server_operation_duration_seconds_count{mcp_method_name="tools/call",resource="Widget",kind="list",error_type="",network_transport="tcp",mcp_protocol_version="2025-11-25"} 1',
    ]);
  });

  it("label it by tool too when told to", async () => {
    const metrics = createMetrics({ transport: "pipe", toolNames: true });
    metrics.operation({ ...listing, tool, errorType: "tool_error" });
    const [line] = await linesOf(metrics, `${metricNames.operationDuration}_count`);
    expect(line).toContain('gen_ai_tool_name="list_widgets",error_type="tool_error",network_transport="pipe"');
  });

  it("have the buckets of the conventions, in seconds", async () => {
    const metrics = createMetrics({ transport: "tcp" });
    metrics.operation(listing);
    const buckets = await linesOf(metrics, `${metricNames.operationDuration}_bucket`);
    expect(buckets.map((line) => /le="([^"]+)"/.exec(line)?.[1])).toEqual(
      "0.01 0.02 0.05 0.1 0.2 0.5 1 2 5 10 30 60 120 300 +Inf".split(" "),
    );
    expect(buckets.filter((line) => line.endsWith(" 0")).length).toBe(2);
  });

  it("count drift and time requests to the API", async () => {
    const metrics = createMetrics({ transport: "tcp" });
    metrics.drift({ resource: "Widget", kind: "get", drift: "enum" });
    metrics.drift({ resource: "Widget", kind: "get", drift: "enum" });
    metrics.upstream({ upstream: "prod", outcome: "upstream_timeout", seconds: 31 });
    expect(await linesOf(metrics, metricNames.drift)).toEqual([
      'specgate_response_drift_total{resource="Widget",kind="get",drift="enum"} 2',
    ]);
    expect(await linesOf(metrics, `${metricNames.upstreamDuration}_sum`)).toEqual([
      'specgate_upstream_request_duration_seconds_sum{upstream="prod",outcome="upstream_timeout"} 31',
    ]);
  });

  it("read gauges when asked, and survive one that cannot be read", async () => {
    const metrics = createMetrics({ transport: "tcp" });
    let streams = 1;
    metrics.watch({
      sessions: () => Promise.reject(new Error("the store is away")),
      streams: () => streams,
      inFlight: () => 0,
    });
    expect(await linesOf(metrics, metricNames.streams)).toEqual(["specgate_open_streams 1"]);
    streams = 4;
    expect(await linesOf(metrics, metricNames.streams)).toEqual(["specgate_open_streams 4"]);
    expect(await linesOf(metrics, metricNames.inFlight)).toEqual(["specgate_requests_in_flight 0"]);
  });

  it("tell of the process, and nothing of another gateway in it", async () => {
    const [one, other] = [createMetrics({ transport: "tcp" }), createMetrics({ transport: "tcp" })];
    one.operation(listing);
    expect(await linesOf(other, `${metricNames.operationDuration}_count`)).toEqual([]);
    expect(await linesOf(other, "process_resident_memory_bytes")).toHaveLength(1);
  });
});
