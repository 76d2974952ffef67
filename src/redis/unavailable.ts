import { GatewayError } from "../errors.ts";

/**
 * The result of a Redis command; `store_unavailable` for whatever it throws. The error's cause names the reason alone:
 * ioredis errors carry addresses and the arguments of the command, and those hold ids and passwords.
 */
export async function orUnavailable<Result>(command: Promise<Result>): Promise<Result> {
  try {
    return await command;
  } catch (thrown) {
    if (thrown instanceof GatewayError) throw thrown;
    throw new GatewayError("store_unavailable", "the session store does not answer", {
      next: "Try again in a moment.",
      retryAfterSeconds: 2,
      cause: new Error(`redis: ${reasonOf(thrown)}`),
    });
  }
}

/** Why a command or a connection failed: `ECONNREFUSED`, `WRONGPASS`, `timed out`. No address, no argument. */
export function reasonOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) return "unknown";
  const { code } = thrown as NodeJS.ErrnoException;
  if (typeof code === "string") return code;
  const replyCode = /^-?([A-Z]{2,})\b/.exec(thrown.message)?.[1];
  if (replyCode !== undefined) return replyCode;
  if (/timed? ?out/i.test(thrown.message)) return "timed out";
  return "not connected";
}
