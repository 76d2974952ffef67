import type { RedisConnection } from "../redis/connection.ts";
import type { RedisKeys } from "../redis/keys.ts";
import { orUnavailable } from "../redis/unavailable.ts";
import type { Sessions, StopSignal } from "./port.ts";

type Listener = (signal: StopSignal) => unknown;

/**
 * Cancels and ends of sessions reach the replica that runs a call over one channel for all sessions. They are few, and calls
 * are many: a channel for each session would cost a subscription with nearly every call, and be open only after the call
 * has begun.
 */
export function createCallSignals(
  { commands, channels }: RedisConnection,
  keys: RedisKeys,
  closing: AbortSignal,
): Pick<Sessions, "cancel" | "watchCalls"> {
  const sessions = new Map<string, Set<Listener>>();
  /** Whether a call of this process took it. */
  const tellOwn = (id: string, signal: StopSignal): boolean =>
    [...(sessions.get(id) ?? [])].map((listener) => listener(signal)).includes(true);
  const stop = channels.listen(keys.stop, (text) => {
    const told = readStop(text);
    if (told !== null) tellOwn(told.id, told.signal);
  });
  closing.addEventListener("abort", stop, { once: true });
  return {
    cancel: async (id, requestId) => {
      const signal = { type: "cancel", requestId } as const;
      try {
        await orUnavailable(commands.publish(keys.stop, stopText(id, signal)));
      } catch (thrown) {
        if (!tellOwn(id, signal)) throw thrown;
      }
    },
    watchCalls: (id, listener) => {
      const listeners = sessions.get(id) ?? new Set();
      sessions.set(id, listeners.add(listener));
      return () => {
        listeners.delete(listener);
        if (listeners.size === 0 && sessions.get(id) === listeners) sessions.delete(id);
      };
    },
  };
}

/** A signal as it goes over the channel. */
export function stopText(id: string, signal: StopSignal): string {
  return JSON.stringify({ id, signal });
}

/** Null for what is not ours. */
function readStop(text: string): { readonly id: string; readonly signal: StopSignal } | null {
  try {
    const told = JSON.parse(text) as { readonly id?: unknown; readonly signal?: StopSignal };
    const type = told.signal?.type;
    return typeof told.id === "string" && (type === "cancel" || type === "close")
      ? (told as ReturnType<typeof readStop>)
      : null;
  } catch {
    return null;
  }
}
