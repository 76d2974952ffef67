import { describe, expect, it } from "vitest";
import { check, type Invariant, report } from "./checker.ts";
import type { Announced, Fault, Line, Listening, Operation, Received, Row } from "./history.ts";

let clock = 0;

/** An operation that went well, 10 ms long, after the one before it. */
function operation(given: Partial<Operation> = {}): Operation {
  clock += 100;
  return {
    kind: "operation",
    client: "c1",
    tenant: "acme",
    operation: "read",
    session: "s1",
    id: 1,
    start: clock,
    end: clock + 10,
    boundMs: 1_000,
    outcome: "ok",
    status: 200,
    ...given,
  };
}

function event(seq: string, given: Partial<Received> = {}): Received {
  clock += 100;
  return { kind: "event", client: "c1", tenant: "acme", session: "s1", stream: "p", seq, at: clock, ...given };
}

const row = (name: string): Row => ({ kind: "row", tenant: "acme", name });
const opened = (): Operation => operation({ operation: "initialize" });
const notFound = { outcome: "refused", status: 404 } as const;
const listening = (at: number, open: boolean, resumed = true): Listening => ({
  kind: "listening",
  client: "c1",
  session: "s1",
  at,
  open,
  resumed,
});
const announced = (number: number, at: number, ok = true): Announced => ({
  kind: "announced",
  number,
  start: at,
  end: at + 10,
  ok,
});
const fault = (kind: Fault["fault"], start: number, end: number): Fault => ({ kind: "fault", fault: kind, start, end });
/** A fault around everything that happens in a history. */
const allAlong = (kind: Fault["fault"]): Fault => fault(kind, 0, Number.MAX_SAFE_INTEGER);

interface Case {
  readonly name: string;
  readonly given: readonly Line[];
}

const good: readonly Case[] = [
  { name: "an empty one", given: [] },
  {
    name: "a session from its beginning to its end, and 404 afterwards",
    given: [
      opened(),
      operation(),
      operation({ operation: "delete" }),
      operation({ operation: "after delete", ...notFound }),
    ],
  },
  {
    name: "one effect and one answer of a key that was used twice, once while it was running",
    given: [
      operation({ row: "a", key: "k", answer: "1" }),
      operation({ row: "a", key: "k", outcome: "failed", code: "in_progress" }),
      row("a"),
      fault("redis", clock, clock + 500),
    ],
  },
  {
    name: "a key that was answered without its result after a flush",
    given: [
      operation({ row: "a", key: "k", answer: "1" }),
      operation({ row: "a", key: "k", answer: "2", unkept: true }),
      row("a"),
      allAlong("flush"),
    ],
  },
  {
    name: "a yes with its row, and a no and a silence without",
    given: [
      operation({ row: "a", confirmed: "yes" }),
      operation({ row: "b", confirmed: "no" }),
      operation({ row: "c", confirmed: "none", outcome: "left" }),
      row("a"),
    ],
  },
  {
    name: "a write that was cut off by a fault, and was done",
    given: [operation({ row: "a", outcome: "cut", status: 0 }), row("a"), allAlong("replica")],
  },
  {
    name: "a write that was cut off by a fault, and was not done",
    given: [operation({ row: "a", outcome: "cut", status: 0 }), allAlong("replica")],
  },
  {
    name: "a write that a busy gateway refused, and took a little later",
    given: [operation({ row: "a", outcome: "shed", status: 503 }), operation({ row: "a" }), row("a")],
  },
  { name: "a call that was cancelled and stopped", given: [operation({ row: "a", cancelled: true, stopped: true })] },
  {
    name: "a cancellation that was lost with the connection for messages",
    given: [operation({ row: "a", cancelled: true }), row("a"), allAlong("pubsub")],
  },
  {
    name: "one's own canary and mark, and a refusal of what is another's",
    given: [
      operation({ canaries: ["acme"], marks: ["c1"] }),
      operation({ foreign: true, ...notFound }),
      event("9-1", { canaries: ["acme"], marks: ["c1"] }),
    ],
  },
  {
    name: "a session that was opened without a store, and is unknown when it is back",
    given: [operation({ operation: "initialize", degraded: true }), operation(notFound), allAlong("redis")],
  },
  { name: "sessions that went with a flush", given: [opened(), operation(notFound), allAlong("flush")] },
  {
    name: "a session that is served by its MAC after its end, while the store is away",
    given: [opened(), operation({ operation: "delete" }), operation({ degraded: true }), allAlong("redis")],
  },
  {
    name: "a stream that broke and was resumed",
    given: [
      event("0", { seq: "0" }),
      event("9-1"),
      event("9-2", { number: 1 }),
      event("9-3", { number: 2 }),
      event("9-4"),
      operation({ operation: "resume", stream: "p", numbers: 2 }),
    ],
  },
  {
    name: "announcements that a listener got, and one that failed",
    given: [
      listening(0, true, false),
      announced(1, 100),
      event("9-1", { stream: "session", number: 1 }),
      announced(2, 200, false),
      announced(3, 300),
      event("9-2", { stream: "session", number: 3 }),
      listening(90_000, false),
    ],
  },
  {
    name: "an announcement while nobody listened",
    given: [announced(1, 100), listening(5_000, true, false), listening(90_000, false)],
  },
  {
    name: "a request on a replica that had no processor",
    given: [operation({ outcome: "late", start: 0, end: 2_000 }), fault("machine", 500, 1_500)],
  },
  {
    name: "a request on a replica that died",
    given: [operation({ outcome: "late", start: 0, end: 2_000 }), fault("replica", 500, 600)],
  },
];

describe("the checker finds nothing in", () => {
  it.each(good)("$name", ({ given }) => expect(report(check(given))).toBe(""));
});

const bad: readonly (Case & { readonly want: Invariant; readonly shown: number })[] = [
  { name: "an answer that is another's", given: [operation({ wrong: "got b" })], want: "answers", shown: 1 },
  {
    name: "a wrong answer while a store is away",
    given: [operation({ wrong: "got b" }), allAlong("redis")],
    want: "answers",
    shown: 1,
  },
  {
    name: "a refusal for no reason",
    given: [operation({ outcome: "refused", status: 503 })],
    want: "answers",
    shown: 1,
  },
  {
    name: "a refusal long after the fault",
    given: [fault("redis", 0, 100), operation({ outcome: "refused", status: 503, start: 9_000, end: 9_010 })],
    want: "answers",
    shown: 1,
  },
  {
    name: "two effects of one key",
    given: [operation({ row: "a", key: "k" }), operation({ row: "a", key: "k" }), row("a"), row("a")],
    want: "H4",
    shown: 4,
  },
  {
    name: "two answers of one key",
    given: [
      operation({ row: "a", key: "k", answer: "1" }),
      operation({ row: "a", key: "k", answer: "1" }),
      operation({ row: "a", key: "k", answer: "2" }),
      row("a"),
    ],
    want: "H5",
    shown: 2,
  },
  { name: "an acknowledged write that is not there", given: [operation({ row: "a" })], want: "effects", shown: 1 },
  {
    name: "an acknowledged write of a key that is not there",
    given: [operation({ row: "a", key: "k", answer: "1" })],
    want: "effects",
    shown: 1,
  },
  {
    name: "a write that is there twice",
    given: [operation({ row: "a", outcome: "cut", status: 0 }), row("a"), row("a"), allAlong("replica")],
    want: "effects",
    shown: 3,
  },
  {
    name: "a yes that was done twice",
    given: [operation({ row: "a", confirmed: "yes" }), row("a"), row("a")],
    want: "effects",
    shown: 3,
  },
  { name: "a no that was done", given: [operation({ row: "a", confirmed: "no" }), row("a")], want: "H10", shown: 2 },
  {
    name: "a question that nobody answered, done while a replica died",
    given: [operation({ row: "a", confirmed: "none", outcome: "left" }), row("a"), allAlong("replica")],
    want: "H10",
    shown: 2,
  },
  {
    name: "a call that stopped though nobody cancelled it",
    given: [operation({ stopped: true })],
    want: "cancel",
    shown: 1,
  },
  {
    name: "a cancelled call that went on",
    given: [operation({ row: "a", cancelled: true }), row("a")],
    want: "cancel",
    shown: 1,
  },
  {
    name: "a canary of another tenant in an answer",
    given: [operation({ canaries: ["globex"] })],
    want: "H7",
    shown: 1,
  },
  {
    name: "a canary of another tenant in what was refused",
    given: [operation({ canaries: ["acme", "globex"], outcome: "refused", status: 503 }), allAlong("redis")],
    want: "H7",
    shown: 1,
  },
  { name: "a mark of another client in an event", given: [event("9-1", { marks: ["c2"] })], want: "H7", shown: 1 },
  { name: "another's session that was served", given: [operation({ foreign: true })], want: "H7", shown: 1 },
  { name: "a session that a replica does not know", given: [opened(), operation(notFound)], want: "H8", shown: 2 },
  {
    name: "a stored session that is gone after the store was away",
    given: [opened(), operation(notFound), allAlong("redis")],
    want: "H8",
    shown: 2,
  },
  {
    name: "a session that was served after its end",
    given: [opened(), operation({ operation: "delete" }), operation({ operation: "after delete" })],
    want: "H8b",
    shown: 2,
  },
  { name: "an event that is missing", given: [event("9-1"), event("9-3")], want: "H9", shown: 2 },
  { name: "an event that came twice", given: [event("9-1"), event("9-1")], want: "H9", shown: 2 },
  { name: "an event that came too late", given: [event("9-2"), event("9-1")], want: "H9", shown: 2 },
  { name: "a stream that began anew", given: [event("9-2"), event("12-3")], want: "H9", shown: 2 },
  {
    name: "a message that was never stored",
    given: [
      event("9-1", { number: 1 }),
      event("9-2", { number: 3 }),
      operation({ operation: "resume", stream: "p", numbers: 3 }),
    ],
    want: "H9",
    shown: 3,
  },
  {
    name: "an announcement that a listener did not get",
    given: [listening(0, true, false), announced(1, 100), listening(90_000, false)],
    want: "H9",
    shown: 3,
  },
  {
    name: "an announcement that was left out between two",
    given: [
      event("9-1", { stream: "session", number: 1 }),
      announced(2, 200),
      event("9-2", { stream: "session", number: 3 }),
    ],
    want: "H9",
    shown: 3,
  },
  {
    name: "an announcement that came twice",
    given: [
      listening(0, true, false),
      announced(1, 100),
      event("9-1", { stream: "session", number: 1 }),
      event("9-2", { stream: "session", number: 1 }),
    ],
    want: "H9",
    shown: 2,
  },
  { name: "a request that took too long", given: [operation({ start: 0, end: 1_001 })], want: "H12", shown: 1 },
  {
    name: "a request that took too long while the store was away",
    given: [operation({ outcome: "late", start: 0, end: 1_001 }), allAlong("redis")],
    want: "H12",
    shown: 1,
  },
];

describe("the checker finds", () => {
  it.each(bad)("$name, and shows nothing but the lines that show it", ({ given, want, shown }) => {
    const noise = [opened(), operation(), operation()].map((line) => ({ ...line, session: "other", client: "c9" }));
    const violations = check([...noise, ...given]);
    const own = violations.filter(({ invariant }) => invariant === want);
    expect(own.map(({ lines }) => lines.length)).toContain(shown);
    expect(own[0]?.lines.every((line) => given.includes(line))).toBe(true);
    expect(report(violations)).toContain(`${want}: `);
  });

  it("the shortest history of each invariant first", () => {
    const long = [operation({ row: "a", key: "k" }), operation({ row: "a", key: "k" }), row("a"), row("a")];
    const violations = check([
      ...long,
      ...long.map((line) => (line.kind === "row" ? row("b") : { ...line, row: "b", key: "l" })),
      row("b"),
    ]);
    const sizes = violations.map(({ lines }) => lines.length);
    expect(sizes).toEqual(sizes.toSorted((one, other) => one - other));
    expect(report(violations).split("\n")[0]).toContain("H4: 2 violations");
  });
});
