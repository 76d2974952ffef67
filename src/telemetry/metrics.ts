import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";
import type { ErrorCode } from "../errors.ts";

/**
 * The names of what is measured, in one place: those of OpenTelemetry's conventions for MCP in Prometheus form where there is
 * one, `specgate_…` elsewhere. https://github.com/open-telemetry/semantic-conventions-genai (docs/gen-ai/mcp.md)
 */
export const metricNames = {
  operationDuration: "mcp_server_operation_duration_seconds",
  upstreamDuration: "specgate_upstream_request_duration_seconds",
  drift: "specgate_response_drift_total",
  sessions: "specgate_sessions",
  streams: "specgate_open_streams",
  inFlight: "specgate_requests_in_flight",
  refused: "specgate_requests_refused_total",
} as const;

/** The conventions' buckets, seconds. */
const buckets = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 120, 300];

/** One MCP request that was served. Every value but the duration is one of a small set, known at start. */
export interface OperationMeasure {
  /** `tools/call`; `_OTHER` for a method there is not. */
  readonly method: string;
  /** Negotiated or declared; empty where it came to neither. */
  readonly version: string;
  /** The Tool, of `tools/call` alone. */
  readonly tool?: { readonly name: string; readonly resource: string; readonly kind: string };
  /** The JSON-RPC code as text, or `tool_error` for a result with `isError`. Absent: it went well. */
  readonly errorType?: string;
  readonly seconds: number;
}

/** Takes what was measured of a request. */
export type ObserveOperation = (measure: OperationMeasure) => void;

/** One request to an Upstream, its retries within it. */
export interface UpstreamMeasure {
  /** Name in gateway.yaml. */
  readonly upstream: string;
  /** `ok`, else the error code it came to. */
  readonly outcome: string;
  readonly seconds: number;
}

/** One way in which an answer differed from the Spec. */
export interface DriftMeasure {
  readonly resource: string;
  readonly kind: string;
  /** What was not as declared: `enum`, `type`, `null` … */
  readonly drift: string;
}

/** What is as large as it is at the moment of asking. */
export interface Readings {
  /** Sessions alive; of all replicas where they share a store. */
  readonly sessions: () => Promise<number>;
  /** Open GET and listen streams of this process. */
  readonly streams: () => number;
  /** Requests being served by this process. */
  readonly inFlight: () => number;
}

/** Measures of one gateway, and the page that shows them. */
export interface Metrics {
  readonly operation: ObserveOperation;
  readonly upstream: (measure: UpstreamMeasure) => void;
  readonly drift: (measure: DriftMeasure) => void;
  /** One request that was refused before a method ran, by error code: `rate_limited`, `overloaded`, `unauthenticated` … */
  readonly refused: (code: ErrorCode) => void;
  /** Adds the gauges, once there is something to read. */
  readonly watch: (readings: Readings) => void;
  /** Prometheus text format 0.0.4. */
  readonly text: () => Promise<string>;
  readonly contentType: string;
}

export interface MetricsOptions {
  /** `network_transport` of every operation: `tcp` over HTTP, `pipe` on stdio. */
  readonly transport: "tcp" | "pipe";
  /** Adds the label `gen_ai_tool_name`. Default false: with 18,000 tools it makes 300,000 series. */
  readonly toolNames?: boolean;
}

/**
 * {@link Metrics} with a registry of their own, so that several gateways in one process do not mix. No label is ever a session
 * id, a URI, an argument, or anything else a caller writes.
 */
export function createMetrics({ transport, toolNames = false }: MetricsOptions): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const registers = [registry];
  const operations = new Histogram({
    name: metricNames.operationDuration,
    help: "Duration of MCP requests as this server saw them.",
    labelNames: [
      "mcp_method_name",
      "resource",
      "kind",
      ...(toolNames ? ["gen_ai_tool_name"] : []),
      "error_type",
      "network_transport",
      "mcp_protocol_version",
    ],
    buckets,
    registers,
  });
  const upstreams = new Histogram({
    name: metricNames.upstreamDuration,
    help: "Duration of requests to the API, with their retries, by what they came to.",
    labelNames: ["upstream", "outcome"],
    buckets,
    registers,
  });
  const drifts = new Counter({
    name: metricNames.drift,
    help: "Differences between the API's answers and its document. `specgate drift` proposes the corrections.",
    labelNames: ["resource", "kind", "drift"],
    registers,
  });
  const refusals = new Counter({
    name: metricNames.refused,
    help: "Requests to MCP endpoints that were refused before a method ran, by error code.",
    labelNames: ["code"],
    registers,
  });
  return {
    operation: ({ method, version, tool, errorType, seconds }) =>
      operations.observe(
        {
          mcp_method_name: method,
          resource: tool?.resource ?? "",
          kind: tool?.kind ?? "",
          ...(toolNames && { gen_ai_tool_name: tool?.name ?? "" }),
          error_type: errorType ?? "",
          network_transport: transport,
          mcp_protocol_version: version,
        },
        seconds,
      ),
    upstream: ({ upstream, outcome, seconds }) => upstreams.observe({ upstream, outcome }, seconds),
    drift: ({ resource, kind, drift }) => drifts.inc({ resource, kind, drift }),
    refused: (code) => refusals.inc({ code }),
    watch: (readings) => {
      gauge(registers, metricNames.sessions, "Sessions alive, of all replicas that share a store.", readings.sessions);
      gauge(registers, metricNames.streams, "Open GET and listen streams of this process.", readings.streams);
      gauge(registers, metricNames.inFlight, "Requests being served by this process.", readings.inFlight);
    },
    text: () => registry.metrics(),
    contentType: registry.contentType,
  };
}

/** A gauge that is read when it is asked for. One that cannot be read keeps its last value: the rest of the page is still good. */
function gauge(registers: Registry[], name: string, help: string, read: () => number | Promise<number>): void {
  new Gauge({
    name,
    help,
    registers,
    async collect() {
      try {
        this.set(await read());
      } catch {
        // the store is away: its own health says so
      }
    },
  });
}
