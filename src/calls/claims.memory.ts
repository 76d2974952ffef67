import { type Action, type ClaimState, type Claims, lives, type Settlement } from "./claims.ts";

export interface MemoryClaimsOptions {
  /** Milliseconds of a clock that never goes back; default `performance.now`. */
  readonly now?: () => number;
  /** Bytes of results kept in all; default 64 MiB. The oldest go first. */
  readonly maxBytes?: number;
  /** Actions remembered; default 20,000. Those in flight are never forgotten. */
  readonly maxActions?: number;
}

interface Remembered {
  state: ClaimState;
  readonly args: string;
  readonly owner: string;
  readonly leaseUntil: number;
  expiresAt: number;
  result: string;
}

/** {@link Claims} of one process. */
export function createMemoryClaims(options: MemoryClaimsOptions = {}): Claims {
  const { now = () => performance.now(), maxBytes = 64 * 1024 * 1024, maxActions = 20_000 } = options;
  const actions = new Map<string, Remembered>(); // oldest first
  let bytes = 0;
  const forget = (key: string): void => {
    bytes -= actions.get(key)?.result.length ?? 0;
    actions.delete(key);
  };
  const put = (key: string, remembered: Remembered): void => {
    forget(key);
    actions.set(key, remembered);
    bytes += remembered.result.length;
    makeRoom();
  };
  const makeRoom = (): void => {
    for (const [key, { expiresAt, state }] of actions) {
      const isOver = expiresAt <= now();
      if (!isOver && bytes <= maxBytes && actions.size <= maxActions) return;
      if (isOver || state !== "inflight") forget(key);
    }
  };
  const find = (key: string): Remembered | undefined => {
    const found = actions.get(key);
    if (found === undefined || found.expiresAt > now()) return found;
    forget(key);
    return undefined;
  };
  const endLease = (action: Action, found: Remembered): void => {
    if (found.state !== "inflight" || found.leaseUntil > now()) return;
    found.state = "unknown";
    found.expiresAt = now() + lives[action.mode].unknownMs;
  };
  return {
    claim: async (action, owner, leaseMs, awaited) => {
      const result = awaited === undefined ? undefined : find(resultKey(action, awaited))?.result;
      if (result !== undefined) return { state: "done", result };
      const found = find(keyOf(action));
      if (found !== undefined) endLease(action, found);
      if (found === undefined || (found.state === "unknown" && action.isRepeatable && found.args === action.args)) {
        const leaseUntil = now() + leaseMs;
        const expiresAt = leaseUntil + lives[action.mode].unknownMs;
        put(keyOf(action), { state: "inflight", args: action.args, owner, leaseUntil, expiresAt, result: "" });
        return { state: "run" };
      }
      if (found.args !== action.args) return { state: "conflict" };
      if (found.state === "inflight") return { state: "inflight", owner: found.owner };
      return found.state === "done" ? { state: "done", result: found.result } : { state: "unknown" };
    },
    settle: async (action, owner, end: Settlement) => {
      const key = keyOf(action);
      const found = find(key);
      if (found?.owner !== owner || found.state === "done") return;
      const { doneMs, unknownMs } = lives[action.mode];
      if (end.state === "unknown") put(key, { ...found, state: "unknown", expiresAt: now() + unknownMs });
      else forget(key);
      if (end.state === "done") {
        const kept = action.mode === "shared" ? resultKey(action, owner) : key;
        put(kept, { ...found, state: "done", result: end.result, expiresAt: now() + doneMs });
      }
    },
  };
}

function keyOf({ principalId, id }: Action): string {
  return `${id}\n${principalId}`;
}

function resultKey(action: Action, owner: string): string {
  return `${keyOf(action)}\n${owner}`;
}
