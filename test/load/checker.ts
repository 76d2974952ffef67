import type { Announced, Fault, Line, Listening, Operation, Received, Row } from "./history.ts";

/**
 * What must hold of every history (reliability.md §12). `answers`: each is what its client asked for, and none is refused
 * without a reason. `effects`: what was acknowledged is there once, and what was not, at most once. `cancel`: a cancellation
 * stops the call it names and no other. `H8b`: a session that was ended is over.
 */
export type Invariant = "answers" | "effects" | "cancel" | "H4" | "H5" | "H7" | "H8" | "H8b" | "H9" | "H10" | "H12";

/** A breach, and the lines that show it: no fewer would. */
export interface Violation {
  readonly invariant: Invariant;
  readonly what: string;
  readonly lines: readonly Line[];
}

/** After a fault is over, this long may pass until everything works again (reliability.md §4, ten times its 2 s would hide faults). */
const recoveryMs = 4_000;
/** An announcement reaches a listener by poll at the latest, 2 s; the rest is for a machine that is busy. */
const deliveryMs = 6_000;

/** Every violation in a history, the shortest of each invariant first. */
export function check(lines: readonly Line[]): readonly Violation[] {
  const history = indexed(lines);
  const found = checks.flatMap((one) => one(history));
  return found.toSorted((one, other) => one.lines.length - other.lines.length);
}

/** The shortest offending history of each invariant that does not hold, as text; empty when all hold. */
export function report(violations: readonly Violation[]): string {
  const byInvariant = Map.groupBy(violations, ({ invariant }) => invariant);
  const parts = [...byInvariant].map(([invariant, all]) => {
    const [shortest] = all;
    const shown = shortest?.lines.map((line) => `    ${JSON.stringify(line)}`).join("\n");
    return `${invariant}: ${all.length} violations, the shortest: ${shortest?.what}\n${shown}`;
  });
  return parts.join("\n");
}

interface Indexed {
  readonly operations: readonly Operation[];
  readonly received: readonly Received[];
  readonly announced: readonly Announced[];
  readonly listening: readonly Listening[];
  readonly faults: readonly Fault[];
  readonly rows: readonly Row[];
}

function indexed(lines: readonly Line[]): Indexed {
  const of = <Kind extends Line["kind"]>(kind: Kind): readonly Extract<Line, { kind: Kind }>[] =>
    lines.filter((line): line is Extract<Line, { kind: Kind }> => line.kind === kind);
  return {
    operations: of("operation"),
    received: of("event"),
    announced: of("announced"),
    listening: of("listening"),
    faults: of("fault"),
    rows: of("row"),
  };
}

const anyFault: readonly Fault["fault"][] = ["redis", "replica", "flush", "pubsub", "machine"];

type Check = (history: Indexed) => readonly Violation[];

/** Whether a fault of the given kinds may have touched what went on from `start` to `end`. */
function touched(
  { faults }: Indexed,
  { start, end }: { readonly start: number; readonly end: number },
  kinds: readonly Fault["fault"][] = ["redis", "replica", "flush", "machine"],
): boolean {
  return faults.some((one) => kinds.includes(one.fault) && start <= one.end + recoveryMs && end >= one.start);
}

/** An answer is right whatever happens; a failure has a fault, or the client itself, behind it. */
const answersAreRight: Check = (history) =>
  history.operations.flatMap((operation): Violation[] => {
    const { wrong, outcome, foreign, cancelled, operation: name } = operation;
    if (wrong !== undefined) return [{ invariant: "answers", what: wrong, lines: [operation] }];
    if (outcome === "ok" || outcome === "left" || outcome === "shed" || foreign === true || cancelled === true)
      return [];
    if (touched(history, operation) || name === "after delete" || isSessionLoss(operation)) return [];
    return [{ invariant: "answers", what: `${name} was ${outcome} and nothing was broken`, lines: [operation] }];
  });

function isSessionLoss({ status, session }: Operation): boolean {
  return status === 404 && session !== null;
}

/** H4: one effect per key, whatever Redis has lost. The effects of one key are the rows of one name. */
const keysActOnce: Check = ({ operations, rows }) => {
  const byName = Map.groupBy(rows, ({ name }) => name);
  const byKey = Map.groupBy(
    operations.filter(({ key }) => key !== undefined),
    ({ key }) => key,
  );
  return [...byKey].flatMap(([key, uses]): Violation[] => {
    const effects = byName.get(uses[0]?.row ?? "") ?? [];
    if (effects.length <= 1) return [];
    return [{ invariant: "H4", what: `the key ${key} had ${effects.length} effects`, lines: [...uses, ...effects] }];
  });
};

/** What a call with a key may be answered besides the one result: nobody knows it yet, or ever. */
const openCodes: ReadonlySet<string> = new Set([
  "in_progress",
  "outcome_unknown",
  "idempotency_conflict",
  "store_unavailable",
  "audit_unavailable",
]);

/** H5: the answers for one key are equal; that the result is not kept is one only where Redis has lost it. */
const keysAnswerOnce: Check = (history) => {
  const lost = history.operations.filter((use) => use.unkept === true && !touched(history, use, ["flush"]));
  const answered = history.operations.filter(
    ({ key, answer, code, unkept }) =>
      key !== undefined && answer !== undefined && unkept !== true && !openCodes.has(code ?? ""),
  );
  const forgotten = lost.map((use): Violation => {
    return { invariant: "H5", what: `the key ${use.key} was answered without its result`, lines: [use] };
  });
  const differing = [...Map.groupBy(answered, ({ key }) => key)].flatMap(([key, uses]): Violation[] => {
    const [first] = uses;
    const other = uses.find(({ answer }) => answer !== first?.answer);
    if (first === undefined || other === undefined) return [];
    return [{ invariant: "H5", what: `the key ${key} was answered in two ways`, lines: [first, other] }];
  });
  return [...differing, ...forgotten];
};

/** Each client's writes and Beacon's rows: acknowledged exactly one, otherwise at most one. */
const effectsAreKnown: Check = (history) => {
  const byName = Map.groupBy(history.rows, ({ name }) => name);
  const writes = history.operations.filter(({ row, key }) => row !== undefined && key === undefined);
  const keyed = history.operations.filter(({ row, key }) => row !== undefined && key !== undefined);
  const done = (operation: Operation): boolean => operation.outcome === "ok" && operation.stopped !== true;
  const all = [...writes.map((one) => [one]), ...Map.groupBy(keyed, ({ key }) => key).values()];
  return all.flatMap((uses): Violation[] => {
    const [first] = uses;
    const name = first?.row ?? "";
    const effects = byName.get(name) ?? [];
    const must = uses.some((one) => done(one) && one.confirmed !== "no" && one.confirmed !== "none");
    if (must && effects.length === 0)
      return [{ invariant: "effects", what: `${name} was acknowledged and is not there`, lines: uses.filter(done) }];
    if (effects.length > 1 && first?.key === undefined)
      return [{ invariant: "effects", what: `${name} is there ${effects.length} times`, lines: [...uses, ...effects] }];
    return [];
  });
};

/** H10: without a yes nothing is done. */
const nothingWithoutYes: Check = ({ operations, rows }) => {
  const byName = Map.groupBy(rows, ({ name }) => name);
  return operations.flatMap((operation): Violation[] => {
    if (operation.confirmed !== "no" && operation.confirmed !== "none") return [];
    const effects = byName.get(operation.row ?? "") ?? [];
    if (effects.length === 0) return [];
    const what = `${operation.row} was answered "${operation.confirmed}" and is there`;
    return [{ invariant: "H10", what, lines: [operation, ...effects] }];
  });
};

/** A call that its client did not cancel does not stop; one that was cancelled while nothing was broken does. */
const cancelsHitTheirCall: Check = (history) =>
  history.operations.flatMap((operation): Violation[] => {
    const { stopped, cancelled, operation: name } = operation;
    if (stopped === true && cancelled !== true)
      return [{ invariant: "cancel", what: `${name} stopped and nobody cancelled it`, lines: [operation] }];
    if (cancelled === true && operation.outcome === "ok" && stopped !== true && !touched(history, operation, anyFault))
      return [{ invariant: "cancel", what: `${name} was cancelled and went on`, lines: [operation] }];
    return [];
  });

/** H7: what belongs to one tenant reaches no other; what belongs to one session reaches no other. */
const nothingCrosses: Check = ({ operations, received }) =>
  [...operations, ...received].flatMap((line): Violation[] => {
    const canary = line.canaries?.find((tenant) => tenant !== line.tenant);
    if (canary !== undefined)
      return [{ invariant: "H7", what: `${line.client} of ${line.tenant} got bytes of ${canary}`, lines: [line] }];
    const mark = line.marks?.find((client) => client !== line.client);
    if (mark !== undefined) return [{ invariant: "H7", what: `${line.client} got what is ${mark}'s`, lines: [line] }];
    const isAnswered = line.kind === "operation" && line.foreign === true && line.status >= 200 && line.status < 300;
    if (isAnswered)
      return [{ invariant: "H7", what: `${line.client} was served with what is another's`, lines: [line] }];
    return [];
  });

interface Life {
  readonly opened: Operation;
  /** The DELETE, where there was one. */
  readonly ended?: Operation;
  readonly uses: readonly Operation[];
}

function livesOf({ operations }: Indexed): readonly Life[] {
  const own = operations.filter(({ session, foreign }) => session !== null && foreign !== true);
  return [...Map.groupBy(own, ({ session }) => session).values()].flatMap((uses) => {
    const opened = uses.find(({ operation, outcome }) => operation === "initialize" && outcome === "ok");
    const ended = uses.find(({ operation }) => operation === "delete");
    return opened === undefined ? [] : [{ opened, uses, ...(ended !== undefined && { ended }) }];
  });
}

/** H8: an acknowledged session is known to every replica until it is deleted or the store is emptied. */
const sessionsLive: Check = (history) =>
  livesOf(history).flatMap(({ opened, ended, uses }) => {
    if (opened.degraded === true) return [];
    return uses.flatMap((use): Violation[] => {
      if (use.status !== 404) return [];
      if (ended !== undefined && use.end >= ended.start) return [];
      if (touched(history, { start: opened.start, end: use.end }, ["flush"])) return [];
      const what = `the session of ${use.client} was unknown to a replica (${use.operation})`;
      return [{ invariant: "H8", what, lines: [opened, use] }];
    });
  });

/** H8b: nothing is served for a session whose end was acknowledged. */
const endedSessionsAreOver: Check = (history) =>
  livesOf(history).flatMap(({ ended, uses }) => {
    if (ended === undefined || ended.outcome !== "ok") return [];
    const after = uses.filter((use) => use.start > ended.end && use.status >= 200 && use.status < 300);
    // While the store is away nobody can know that it ended: reliability.md §4 serves by the MAC.
    const served = after.find((use) => use.degraded !== true);
    if (served === undefined) return [];
    return [{ invariant: "H8b", what: `${served.operation} was served after DELETE`, lines: [ended, served] }];
  });

/** H9: the events of a stream come in order, each once, none left out. */
const streamsAreWhole: Check = (history) => {
  const named = history.received.filter(({ stream }) => stream !== null);
  const byStream = Map.groupBy(named, ({ session, client, stream }) => `${session ?? client} ${stream}`);
  const gaps = [...byStream.values()].flatMap((events) => gapIn(events));
  return [...gaps, ...truncated(history), ...skipped(history), ...unheard(history)];
};

/** The first two events of a stream that do not follow one another. */
function gapIn(events: readonly Received[]): readonly Violation[] {
  for (const [index, event] of events.entries()) {
    const before = events[index - 1];
    if (before === undefined || follows(before, event)) continue;
    return [{ invariant: "H9", what: `${before.seq} was followed by ${event.seq}`, lines: [before, event] }];
  }
  return [];
}

/** `<base>-<number>`: within a stream the base stays and the number rises by one. */
function follows(before: Received, after: Received): boolean {
  const [base, number] = before.seq?.split("-") ?? [];
  const [nextBase, nextNumber] = after.seq?.split("-") ?? [];
  if (base === "0" || number === undefined) return true; // the position before the first event
  return base === nextBase && Number(nextNumber) === Number(number) + 1;
}

/** Calls that count their messages: all of them came before the answer. */
function truncated({ operations, received }: Indexed): readonly Violation[] {
  const byStream = Map.groupBy(received, ({ client, stream }) => `${client} ${stream}`);
  return operations.flatMap((operation): Violation[] => {
    const { numbers, outcome, client, stream } = operation;
    if (numbers === undefined || outcome !== "ok") return [];
    const events = (byStream.get(`${client} ${stream}`) ?? []).filter(({ number }) => number !== undefined);
    const want = Array.from({ length: numbers }, (_, index) => index + 1);
    if (events.map(({ number }) => number).join() === want.join()) return [];
    const what = `of ${numbers} messages came ${events.map(({ number }) => number).join() || "none"}`;
    return [{ invariant: "H9", what, lines: [operation, ...events] }];
  });
}

/** Announcements that were left out between two that a listener got. */
function skipped({ received, announced }: Indexed): readonly Violation[] {
  const told = new Map(announced.filter(({ ok }) => ok).map((one) => [one.number, one]));
  const heard = received.filter(({ stream, number }) => stream === "session" && number !== undefined);
  return [...Map.groupBy(heard, ({ session }) => session).values()].flatMap((events) =>
    events.flatMap((event, index): Violation[] => {
      const before = events[index - 1];
      const missing = before === undefined ? undefined : told.get((before.number ?? 0) + 1);
      if (before === undefined || missing === undefined || missing.number >= (event.number ?? 0)) return [];
      const what = `announcement ${missing.number} was left out`;
      return [{ invariant: "H9", what, lines: [before, missing, event] }];
    }),
  );
}

/** Announcements that a listener did not get, or got twice. */
function unheard(history: Indexed): readonly Violation[] {
  const heard = Map.groupBy(
    history.received.filter(({ stream, number }) => stream === "session" && number !== undefined),
    ({ session }) => session,
  );
  const spans = [...Map.groupBy(history.listening, ({ session }) => session)];
  return spans.flatMap(([session, changes]) =>
    history.announced.flatMap((announced): Violation[] => {
      const events = (heard.get(session) ?? []).filter(({ number }) => number === announced.number);
      if (events.length > 1)
        return [{ invariant: "H9", what: `announcement ${announced.number} came twice`, lines: events }];
      if (events.length === 1 || !mustHear(history, changes, announced)) return [];
      const what = `announcement ${announced.number} never came`;
      return [{ invariant: "H9", what, lines: [announced, ...changes] }];
    }),
  );
}

/** Whether somebody listened from before the announcement until long enough after it, resuming where the stream broke. */
function mustHear(history: Indexed, changes: readonly Listening[], announced: Announced): boolean {
  const [first] = changes;
  const last = changes.at(-1);
  if (!announced.ok || first === undefined || last === undefined) return false;
  if (changes.slice(1).some(({ open, resumed }) => open && !resumed)) return false;
  // A flush empties the streams, and the session with them.
  if (touched(history, { start: first.at, end: announced.end }, ["flush"])) return false;
  // Between the cut of a stream and its resumption the client has heard nothing yet: it is judged by where it stopped.
  const until = last.open ? Number.POSITIVE_INFINITY : last.at;
  const openings = changes.filter(({ open }) => open);
  const lastOpening = openings.at(-1)?.at ?? 0;
  return first.at < announced.start && announced.end + deliveryMs < until && lastOpening + deliveryMs < until;
}

/** H12: every request ends within its bound; while a replica dies, or has no processor, those it was serving do not. */
const requestsAreBounded: Check = (history) =>
  history.operations.flatMap((operation): Violation[] => {
    const { boundMs, start, end, outcome, operation: name } = operation;
    if (boundMs === undefined || (outcome !== "late" && end - start <= boundMs)) return [];
    if (touched(history, operation, ["replica", "machine"])) return [];
    const what = `${name} took ${Math.round(end - start)} ms and is bound to ${boundMs}`;
    return [{ invariant: "H12", what, lines: [operation] }];
  });

const checks: readonly Check[] = [
  answersAreRight,
  effectsAreKnown,
  keysActOnce,
  keysAnswerOnce,
  nothingWithoutYes,
  cancelsHitTheirCall,
  nothingCrosses,
  sessionsLive,
  endedSessionsAreOver,
  streamsAreWhole,
  requestsAreBounded,
];
