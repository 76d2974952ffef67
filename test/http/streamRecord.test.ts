import { beforeEach, describe, expect, it, vi } from "vitest";
import { GatewayError } from "../../src/errors.ts";
import { createStreamRecord, type StreamRecord } from "../../src/http/mcp/streamRecord.ts";
import type { Sessions } from "../../src/session/port.ts";
import { createMemorySessions } from "../../src/session/sessions.memory.ts";
import { freshState } from "../fakes/replicas.ts";

const waitMs = { timeout: 20_000, interval: 10 };

describe("the record of a POST's stream", () => {
  let sessions: Sessions;
  let record: StreamRecord;
  /** What the store throws at present. */
  let fault: GatewayError | undefined;
  let lost: string[];
  let abandoned: string[];
  beforeEach(async () => {
    const memory = createMemorySessions();
    await memory.create("s1", "ph", freshState);
    fault = undefined;
    lost = [];
    abandoned = [];
    sessions = {
      ...memory,
      append: async (...given) => {
        if (fault !== undefined) throw fault;
        return memory.append(...given);
      },
      abandon: (_id, stream) => abandoned.push(stream),
    };
    record = createStreamRecord({
      sessions,
      sessionId: "s1",
      stream: "s",
      farewell: "farewell",
      onLost: ({ code }) => lost.push(code),
    });
    await record.begin();
    return () => memory.close();
  });
  const stored = async (): Promise<readonly string[] | undefined> =>
    (await sessions.read("s1", "s", "0"))?.events.map(({ data }) => data);
  const away = new GatewayError("store_unavailable", "away");

  it("gives each message the id of its event", async () => {
    const ids = [await record.add("one", false), await record.add("two", true)];
    const page = await sessions.read("s1", "s", "0");
    expect(ids).toEqual(page?.events.slice(1).map(({ seq }) => `s/${seq}`));
    expect(page?.ended).toBe(true);
  });

  it("stores in order, later, what the store did not take while it was away, and what came after it", async () => {
    fault = away;
    expect(await record.add("one", false)).toBeUndefined();
    fault = undefined;
    expect(await record.add("two", false)).toBeUndefined();
    expect(await record.add("three", true)).toBeUndefined();
    expect(await stored()).toEqual([""]);
    await vi.waitFor(async () => expect(await stored()).toEqual(["", "one", "two", "three"]), waitMs);
    expect(lost).toEqual([]);
  });

  it("leaves out a message that no store will take, and says so in place of the last", async () => {
    fault = new GatewayError("response_too_large", "large");
    expect(await record.add("too large", false)).toBeUndefined();
    fault = undefined;
    await record.add("two", false);
    const { append } = sessions;
    const large = async (...given: Parameters<typeof append>): Promise<string> => {
      if (given[2] !== "farewell") throw new GatewayError("response_too_large", "large");
      return append(...given);
    };
    Object.assign(sessions, { append: large });
    expect(await record.add("too large", true)).toBeUndefined();
    expect(await stored()).toEqual(["", "two", "farewell"]);
    expect(lost).toEqual(["response_too_large", "response_too_large"]);
  });

  it("gives up what is more than a stream holds, and lets the lease lapse", async () => {
    fault = away;
    for (let n = 0; n < 300; n++) await record.add(`message ${n}`, false);
    await vi.waitFor(() => expect(abandoned).toEqual(["s"]), waitMs);
    expect(lost).toEqual(["store_unavailable"]);
    fault = undefined;
    expect(await record.add("after", true)).toBeUndefined();
    expect(await stored()).toEqual([""]);
  });

  it("has no ids in a session that is over", async () => {
    await sessions.end("s1");
    expect(await record.add("one", true)).toBeUndefined();
  });
});
