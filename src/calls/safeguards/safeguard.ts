import { randomBytes } from "node:crypto";
import { deriveKeys, type Keys } from "../../auth/keys.ts";
import { GatewayError } from "../../errors.ts";
import { offeredParams } from "../../operations/schemas.ts";
import { Secret } from "../../telemetry/secret.ts";
import type { Call, Interceptor } from "../call.ts";
import { confirming } from "./confirm.ts";
import { dryRunning, type Preview } from "./dryRun.ts";
import { guardsOf } from "./guards.ts";
import { lookingUp, type ReadFor, remembering } from "./lookup.ts";
import { refuseFalseAlert } from "./notify.ts";
import { createMemoryOnce } from "./once.memory.ts";
import type { Once } from "./once.ts";
import { createMemorySeen } from "./seen.memory.ts";
import type { Seen } from "./seen.ts";

/** What safeguards keep, and with which keys they sign. */
export interface SafeguardStores {
  /** Keys of the purpose `confirmation`: the first signs, all verify. */
  readonly confirmationKeys: Keys;
  readonly seen: Seen;
  readonly once: Once;
}

export interface SafeguardOptions extends SafeguardStores {
  /** The Upstream a Call goes to: an id of one is not an id of another. */
  readonly upstreamName: (call: Call) => string;
  readonly read: ReadFor;
  readonly preview: Preview;
  /** Result budget, bytes. */
  readonly resultBytes: number;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** The two places where safeguards stand. */
export interface Safeguards {
  /** Around what answers: remembers what a caller was shown. */
  readonly remember: Interceptor;
  /** Behind validation and before anything is claimed or sent; outermost first. */
  readonly check: readonly Interceptor[];
}

/**
 * The safeguards of Calls whose Tools carry Guards (`guarding.ts`); every other Call passes. In this order: `notify: true` where
 * nobody can be alerted, lookup first, dry run, confirmation. A dry run needs no yes, since nothing happens; it is told what
 * a lookup would refuse. Confirmation is last, so that nobody is asked about a call that would be refused anyway.
 */
export function createSafeguards(options: SafeguardOptions): Safeguards {
  const { confirmationKeys: keys, once, now, read } = options;
  return {
    remember: remembering(options),
    check: [
      explicitArgument,
      lookingUp(options),
      dryRunning(options.preview, options.resultBytes),
      confirming({ keys, once, now, labelOf: (call) => labelOf(read, call) }),
    ],
  };
}

/** Stores of this process alone, and keys that end with it. */
export function memorySafeguards(): SafeguardStores {
  const secret = new Secret(randomBytes(32).toString("base64url"));
  return {
    confirmationKeys: deriveKeys([secret], "confirmation"),
    seen: createMemorySeen(),
    once: createMemoryOnce(),
  };
}

const explicitArgument: Interceptor = (next) => async (call) => {
  refuseFalseAlert(call);
  return next(call);
};

/** A question does not wait long for a name. */
const labelMs = 2_000;

/** Where things have their names, most telling first. */
const labelFields = ["title", "name", "displayName", "display_name", "label", "summary", "subject", "slug", "email"];

/** What the thing is called that a Call changes, read with the noun's Get. A name that cannot be had is no fault. */
async function labelOf(read: ReadFor, call: Call): Promise<string | undefined> {
  const reader = guardsOf(call.tool)?.reader;
  if (reader?.origin === undefined) return undefined;
  const needed = offeredParams(reader.origin.spec).filter((param) => param.in === "path" || param.required);
  if (needed.length === 0 || needed.some(({ arg }) => call.args[arg] === undefined)) return undefined;
  const args = Object.fromEntries(needed.map(({ arg }) => [arg, call.args[arg]]));
  const signal = AbortSignal.any([call.signal, AbortSignal.timeout(labelMs)]);
  try {
    const { structured } = await read({ ...call, signal }, reader, args);
    const item = (structured?.item ?? {}) as Readonly<Record<string, unknown>>; // of a Get: an object, or a scalar without members
    const label = labelFields.map((field) => item[field]).find((value) => typeof value === "string" && value !== "");
    return label as string | undefined; // just checked
  } catch (thrown) {
    if (thrown instanceof GatewayError) return undefined;
    throw thrown;
  }
}
