import type { Schema } from "../../descriptor.ts";
import { jsonBytes, kilobytes } from "../../operations/budget.ts";
import type { Call, Interceptor, Outcome } from "../call.ts";
import { dryRunArg, guardsOf } from "./guards.ts";

/** The request that a Call would begin with, as it would go onto the wire, without credentials. */
export type Preview = (call: Call) => WireView;

export interface WireView {
  readonly method: string;
  readonly origin: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

/** The schema of `dry_run`. */
export const dryRunSchema: Schema = {
  type: "boolean",
  description: "true: answer the API request that this call would send, and send nothing.",
};

/**
 * Answers a Call with `dry_run: true` by the request that it would send, and sends nothing: `{ request: { method, url, headers,
 * body? } }`, the body as the very text, or in base64 (`bodyEncoding`) where it is no text. Takes `dry_run` out of every
 * other Call, so that nothing behind it sees two kinds of the same arguments.
 */
export function dryRunning(preview: Preview, resultBytes: number): Interceptor {
  return (next) => async (call) => {
    if (guardsOf(call.tool)?.dryRun !== true) return next(call);
    const { [dryRunArg]: isDryRun, ...args } = call.args;
    const action: Call = { ...call, args };
    return isDryRun === true ? shownRequest(preview(action), resultBytes) : next(action);
  };
}

function shownRequest({ method, origin, path, headers, body }: WireView, resultBytes: number): Outcome {
  const shown = body === undefined ? {} : shownBody(body);
  const fits = jsonBytes(shown) <= resultBytes / 2;
  const left =
    fits || body === undefined ? [] : [`The body of ${kilobytes(body.length)} is left out: it is too large.`];
  return {
    structured: {
      request: { method, url: `${origin}${path}`, headers, ...(fits ? shown : {}) },
      notes: ["Dry run: nothing was sent.", ...left],
    },
    isDryRun: true,
  };
}

function shownBody(body: string | Uint8Array): Readonly<Record<string, string>> {
  if (typeof body === "string") return { body };
  try {
    return { body: new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(body) };
  } catch {
    return { body: Buffer.from(body).toString("base64"), bodyEncoding: "base64" };
  }
}
