import { GatewayError } from "../../errors.ts";
import type { Sessions } from "../../session/port.ts";
import { isAway } from "./sessionCheck.ts";

/** What of one POST's stream is stored. One message at a time: callers wait for each. */
export interface StreamRecord {
  /** Begins it with an empty message; resolves as {@link StreamRecord.add} does. */
  readonly begin: () => Promise<string | undefined>;
  /**
   * Stores a message; resolves to its event id, or to undefined where it is not stored now. It never fails: what cannot be
   * stored is sent all the same.
   */
  readonly add: (data: string, last: boolean) => Promise<string | undefined>;
}

export interface StreamRecordOptions {
  readonly sessions: Sessions;
  readonly sessionId: string;
  readonly stream: string;
  /** What stands for the rest of the stream where the rest is lost. */
  readonly farewell: string;
  /** Told of a message that is not stored and will not be. */
  readonly onLost: (error: GatewayError) => void;
}

/** Between two attempts to store what the store did not take while it was away. */
const againMs = 1_000;
/** After that many attempts the rest is given up. */
const maxAttempts = 60;
/** As many as a stream holds: what came before would be trimmed. */
const maxWaiting = 256;

const firstName = "1";

interface Waiting {
  readonly data: string;
  readonly last: boolean;
  /** Tells its attempts from other messages: one that timed out may have been stored. */
  readonly name: string;
}

/**
 * A gap in a stream must never be silent, so messages are stored in order: what the store does not take while it is away waits
 * in this process, everything after it waits behind it, and the store is asked again every second. Nobody waits for that.
 */
export function createStreamRecord(options: StreamRecordOptions): StreamRecord {
  const { sessions, sessionId, stream, farewell, onLost } = options;
  const waiting: Waiting[] = [];
  let givenUp = false;
  let count = 0;
  let attempts = 0;

  const store = async ({ data, last, name }: Waiting): Promise<string | undefined> => {
    const seq =
      name === firstName
        ? await sessions.begin(sessionId, stream, farewell)
        : await sessions.append(sessionId, stream, data, last, name);
    return seq === "0" ? undefined : `${stream}/${seq}`; // "0": the session is over
  };
  const giveUp = (error: GatewayError): void => {
    givenUp = true;
    waiting.length = 0;
    sessions.abandon(sessionId, stream);
    onLost(error);
  };
  const again = async (): Promise<void> => {
    attempts += 1;
    try {
      for (let [first] = waiting; first !== undefined; [first] = waiting) {
        await store(first).catch((thrown: unknown) => refused(first, thrown));
        waiting.shift();
        attempts = 0;
      }
    } catch (thrown) {
      if (attempts >= maxAttempts || waiting.length > maxWaiting) giveUp(GatewayError.from(thrown));
      else setTimeout(() => void again(), againMs).unref();
    }
  };
  /** A message that the store will never take. The last one leaves the farewell in its place, or a reader would wait for ever. */
  const refused = async ({ last, name }: Waiting, thrown: unknown): Promise<undefined> => {
    if (isAway(thrown)) throw thrown;
    onLost(GatewayError.from(thrown));
    if (last) await store({ data: farewell, last, name });
  };
  const add = async (data: string, last: boolean): Promise<string | undefined> => {
    if (givenUp) return undefined;
    count += 1;
    const message = { data, last, name: String(count) };
    if (waiting.length > 0) {
      waiting.push(message);
      return undefined;
    }
    try {
      return await store(message).catch((thrown: unknown) => refused(message, thrown));
    } catch {
      waiting.push(message);
      setTimeout(() => void again(), againMs).unref();
      return undefined;
    }
  };
  return { begin: () => add("", false), add };
}
