import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Call, HandTool, Notification, Outcome } from "../../src/calls/call.ts";
import { reporting } from "../../src/calls/progress.ts";
import type { Tool } from "../../src/catalog/tool.ts";
import { originOf } from "../operations/fixture.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const annotations = {
  title: "List",
  readOnlyHint: true,
  destructiveHint: false,
  idempotentHint: true,
  openWorldHint: false,
};
const definition = {
  name: "list_widgets",
  title: "List",
  description: "List.",
  inputSchema: { type: "object" },
  annotations,
} as const;
const tool: Tool = {
  name: "list_widgets",
  aliases: [],
  resource: "Widget",
  kind: "list",
  effect: "read",
  definition,
  origin: originOf({ kind: "list" }),
};

interface Running {
  readonly told: Notification[];
  readonly end: (outcome: Outcome) => void;
  readonly fail: (reason: Error) => void;
  readonly ended: Promise<Outcome>;
}

function run(more: Partial<Call> = {}): Running {
  const told: Notification[] = [];
  const { promise, resolve, reject } = Promise.withResolvers<Outcome>();
  const call: Call = {
    tool,
    args: {},
    principal: { kind: "passthrough", id: "ann", user: null, organisation: null, scopes: null },
    surface: "default",
    requestId: "r1",
    signal: new AbortController().signal,
    notify: (notification) => void told.push(notification),
    ask: async () => [],
    ...more,
  };
  return { told, end: resolve, fail: reject, ended: reporting()(() => promise)(call) };
}

describe("progress of a call", () => {
  it("is told every 3 s while it runs, rising, and not after it", async () => {
    const { told, end, ended } = run();
    vi.advanceTimersByTime(2_999);
    expect(told).toEqual([]);
    vi.advanceTimersByTime(6_001);
    end({ structured: { items: [] } });
    expect(await ended).toEqual({ structured: { items: [] } });
    vi.advanceTimersByTime(60_000);
    expect(told).toEqual(
      [3, 6, 9].map((seconds) => ({
        type: "progress",
        progress: seconds,
        message: `list_widgets: running for ${seconds} s`,
      })),
    );
    expect(vi.getTimerCount()).toBe(0);
  });

  it("ends with a call that fails, and with a caller who leaves", async () => {
    const failing = run();
    failing.fail(new Error("down"));
    await expect(failing.ended).rejects.toThrow("down");
    const caller = new AbortController();
    const left = run({ signal: caller.signal });
    caller.abort();
    vi.advanceTimersByTime(60_000);
    expect([left.told, vi.getTimerCount()]).toEqual([[], 0]);
  });

  it("costs no timer where the client did not ask for it", () => {
    run({ wantsProgress: false });
    expect(vi.getTimerCount()).toBe(0);
  });

  it("of a tool written by hand is its own to tell", () => {
    const { origin: _origin, ...plain } = tool;
    const hand: HandTool = { ...plain, run: async () => ({}) };
    const { told } = run({ tool: hand });
    vi.advanceTimersByTime(60_000);
    expect(told).toEqual([]);
  });
});
