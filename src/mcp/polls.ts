import { createHash, randomUUID } from "node:crypto";
import { GatewayError } from "../errors.ts";
import { readResource } from "../surfaces/resources/read.ts";
import type { Principal, Surface } from "./context.ts";

/** Somebody who wants to hear when a resource changes. */
export interface Watching {
  /** Of the Surface. */
  readonly path: string;
  readonly uri: string;
  /** Known to be allowed to read it when the watch began. */
  readonly principalId: string;
  /** The principal as its credential says now. Throws `unauthenticated` when it is no longer good. */
  readonly principal: () => Promise<Principal>;
  /** Takes a digest of what the resource holds, after every look; the first one is what later ones differ from. */
  readonly seen: (digest: string) => void;
}

/** Looks at resources for those who subscribed. Holds nothing of what it reads but a digest. */
export interface Polls {
  /** Looks at once, and then as often as the resource says, until the returned function is called. */
  readonly watch: (watching: Watching) => () => void;
  /** Resources being watched, each once for a principal. */
  readonly count: () => number;
}

export interface PollsOptions {
  /** The Surface that is served at the path now: a reload replaces it. */
  readonly surfaceAt: (path: string) => Surface | undefined;
  /** Looks at once in this process; others wait. Default 16. */
  readonly maxRunning?: number;
}

/** One resource as one principal sees it, whoever of its streams wants to know. */
interface Poll {
  readonly listeners: Set<Watching>;
  readonly controller: AbortController;
  digest?: string;
  failures: number;
  pollMs: number;
  timer?: NodeJS.Timeout;
}

/** A look that takes longer is worth less than the next one. */
const lookMs = 30_000;
/** Until a resource has said how often: one that could not be found may come back. */
const unknownPollMs = 60_000;
/** A resource that cannot be read is looked at less and less often, down to this part. */
const mostBackoff = 8;

/**
 * Polls of this process. All listeners of one principal to one resource share one; it ends with the last of them. Every look is
 * a read like any other: authorised, limited and recorded for the principal. One that fails is no news.
 */
export function createPolls({ surfaceAt, maxRunning = 16 }: PollsOptions): Polls {
  const polls = new Map<string, Poll>();
  const slots = createSlots(maxRunning);

  const look = async (poll: Poll, watching: Watching): Promise<void> => {
    const surface = surfaceAt(watching.path);
    const principal = await watching.principal();
    const found = surface?.resources?.find(principal, watching.uri);
    if (surface?.resources === undefined || found === undefined) return;
    poll.pollMs = found.resource.pollMs ?? unknownPollMs;
    poll.digest = await digestOf(surface, principal, watching.uri, poll.controller.signal);
    poll.failures = 0;
    for (const listener of [...poll.listeners]) listener.seen(poll.digest);
  };
  const round = async (poll: Poll): Promise<void> => {
    const [first] = poll.listeners;
    if (first === undefined) return;
    const leave = await slots.enter();
    try {
      if (poll.listeners.size > 0) await look(poll, first);
    } catch (thrown) {
      poll.failures += 1;
      // Its stream ends by itself. Another one may have the same principal and a key that is still good.
      if (GatewayError.from(thrown).code === "unauthenticated") poll.listeners.delete(first);
    } finally {
      leave();
    }
    if (poll.listeners.size === 0) return;
    const waitMs = poll.pollMs * Math.min(2 ** poll.failures, mostBackoff);
    poll.timer = setTimeout(() => void round(poll), waitMs);
    poll.timer.unref();
  };
  return {
    count: () => polls.size,
    watch: (watching) => {
      const key = JSON.stringify([watching.path, watching.principalId, watching.uri]);
      const known = polls.get(key);
      const poll: Poll = known ?? {
        listeners: new Set(),
        controller: new AbortController(),
        failures: 0,
        pollMs: unknownPollMs,
      };
      poll.listeners.add(watching);
      if (known === undefined) {
        polls.set(key, poll);
        void round(poll);
      } else if (poll.digest !== undefined) watching.seen(poll.digest);
      return () => {
        poll.listeners.delete(watching);
        if (poll.listeners.size > 0 || polls.get(key) !== poll) return;
        polls.delete(key);
        clearTimeout(poll.timer);
        poll.controller.abort();
      };
    },
  };
}

/** What the resource holds, as a digest; one that is gone is as good a state as any. */
async function digestOf(surface: Surface, principal: Principal, uri: string, ended: AbortSignal): Promise<string> {
  if (surface.resources === undefined) return "";
  const reading = {
    principal,
    surface: surface.name,
    requestId: randomUUID(),
    signal: AbortSignal.any([ended, AbortSignal.timeout(lookMs)]),
    notify: () => undefined,
    wantsProgress: false,
    ask: async () => {
      throw new GatewayError("confirmation_required", "nobody is there to be asked while a resource is polled");
    },
  };
  try {
    const { contents, compared } = await readResource(surface.resources, reading, uri);
    return createHash("sha256")
      .update(compared ?? JSON.stringify(contents))
      .digest("base64url");
  } catch (thrown) {
    if (GatewayError.from(thrown).code === "unknown_resource") return "gone";
    throw thrown;
  }
}

/** Lets so many in at once, the others in the order in which they came. */
function createSlots(max: number): { readonly enter: () => Promise<() => void> } {
  const waiting: (() => void)[] = [];
  let free = max;
  const leave = (): void => {
    const next = waiting.shift();
    if (next === undefined) free += 1;
    else next();
  };
  return {
    enter: async () => {
      if (free > 0) free -= 1;
      else await new Promise<void>((enter) => waiting.push(enter));
      return leave;
    },
  };
}
