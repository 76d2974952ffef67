import type { RedisConnection } from "../redis/connection.ts";
import type { RedisKeys } from "../redis/keys.ts";
import { runScript, script } from "../redis/script.ts";
import type { Sessions } from "./port.ts";

export interface QuestionOptions {
  readonly redis: RedisConnection;
  readonly keys: RedisKeys;
  /** How long an answer waits to be collected. */
  readonly answerLifeMs: number;
  /** How often a waiter looks without being woken. */
  readonly pollMs: number;
  /** Ends every wait. */
  readonly closing: AbortSignal;
}

const openScript = script(`
if redis.call('EXISTS', KEYS[1]) == 1 then redis.call('SET', KEYS[2], '', 'PX', ARGV[1]) end`);

const answerScript = script(`
if redis.call('EXISTS', KEYS[1]) == 0 or redis.call('GET', KEYS[2]) ~= '' then return 0 end
redis.call('SET', KEYS[2], ARGV[1], 'PX', ARGV[2])
redis.call('PUBLISH', ARGV[3], ARGV[4])
return 1`);

/** The answer as text, and the question is closed; the milliseconds for which it stays open; or nothing when it is over. */
const collectScript = script(`
local answer = redis.call('GET', KEYS[2])
if not answer then return false end
if redis.call('EXISTS', KEYS[1]) == 0 then
  redis.call('DEL', KEYS[2])
  return false
end
if answer == '' then return redis.call('PTTL', KEYS[2]) end
redis.call('DEL', KEYS[2])
return answer`);

/** Ids of ours are UUIDs. What a client sends as one becomes part of a key only up to this length. */
const maxRequestId = 128;

/**
 * Requests of ours to clients. A key per request is empty while the question is open, so that one step tells whether an
 * answer may be taken and takes it: once, in time, by no other session, on any replica.
 */
export function createRedisQuestions(
  options: QuestionOptions,
): Pick<Sessions, "openQuestion" | "answer" | "awaitAnswer"> {
  const { redis, keys, answerLifeMs, pollMs, closing } = options;
  const { commands, channels } = redis;
  const keysOf = (id: string, requestId: string): string[] => [keys.session(id), keys.answer(id, requestId)];

  const awaitAnswer = async (id: string, requestId: string, signal: AbortSignal): Promise<unknown> => {
    const wake = createWake();
    const stop = channels.listen(keys.wake(id), (text) => {
      if (concerns(text, requestId)) wake.ring();
    });
    signal.addEventListener("abort", wake.ring, { once: true });
    try {
      await channels.listening(keys.wake(id));
      while (!signal.aborted) {
        const found = await runScript(commands, collectScript, keysOf(id, requestId), []);
        if (typeof found === "string") return JSON.parse(found);
        if (typeof found !== "number") return null;
        await wake.wait(Math.min(pollMs, found + 1));
      }
      await commands.unlink(keys.answer(id, requestId)).catch(() => undefined); // else it expires
      return null;
    } finally {
      stop();
      signal.removeEventListener("abort", wake.ring);
    }
  };
  return {
    openQuestion: async (id, requestId, ttlMs) => {
      await runScript(commands, openScript, keysOf(id, requestId), [ttlMs]);
    },
    answer: async (id, requestId, message) => {
      if (requestId.length > maxRequestId) return false;
      const signal = JSON.stringify({ type: "answer", requestId });
      const args = [JSON.stringify(message ?? null), answerLifeMs, keys.wake(id), signal];
      return (await runScript(commands, answerScript, keysOf(id, requestId), args)) === 1;
    },
    awaitAnswer: (id, requestId, signal) => {
      const answer = awaitAnswer(id, requestId, AbortSignal.any([signal, closing]));
      // Who asks sends the question before it awaits the answer: a store that fails meanwhile must not end the process.
      answer.catch(() => undefined);
      return answer;
    },
  };
}

/** Whether a signal of the session may mean that this question has an answer or is over. */
function concerns(text: string, requestId: string): boolean {
  return text.includes('"close"') || (text.includes('"answer"') && text.includes(JSON.stringify(requestId)));
}

/** A bell that remembers having rung, so that no answer is missed between a look and the wait for the next. */
function createWake(): { readonly ring: () => void; readonly wait: (ms: number) => Promise<void> } {
  let rung = false;
  let listener: (() => void) | undefined;
  return {
    ring: () => {
      rung = true;
      listener?.();
    },
    wait: async (ms) => {
      if (!rung) {
        const { promise, resolve } = Promise.withResolvers<void>();
        listener = resolve;
        const timer = setTimeout(resolve, ms);
        await promise;
        clearTimeout(timer);
        listener = undefined;
      }
      rung = false;
    },
  };
}
