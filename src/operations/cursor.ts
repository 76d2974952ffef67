import { GatewayError } from "../errors.ts";
import { canonical } from "./canonical.ts";
import type { Arguments, StepContext } from "./steps.ts";

/** Where an upstream page begins: an offset, a page number, a token, the query of a next link; null for the first page of a token style. */
export type Position = number | string | null | readonly (readonly [name: string, value: string])[];

/** Where a List stands. */
export interface Place {
  /** Of the upstream page. */
  readonly position: Position;
  /** Items of that page already given. */
  readonly skip: number;
  /** Page size asked of the upstream. */
  readonly size: number;
  /** Items on the pages before it. */
  readonly before: number;
}

const version = 1;
const lifeMs = 24 * 60 * 60 * 1000;

/**
 * The cursor that leads back to `place`, good for 24 h: the place in the clear, signed over Tool, Principal and every
 * argument but `limit`, so that it is worth nothing for another question or another caller (security.md T6).
 */
export function sealCursor(place: Place, tool: string, args: Arguments, context: StepContext): string {
  const { position, skip, size, before } = place;
  const payload = encode([version, position, skip, size, before, context.now() + lifeMs]);
  return `${payload}.${context.sign(signedText(payload, tool, args, context))}`;
}

/** The place a cursor leads to. Throws `invalid_arguments` when it is forged, expired, or of another Tool, caller or question. */
export function openCursor(cursor: string, tool: string, args: Arguments, context: StepContext): Place {
  const [payload = "", signature = ""] = cursor.split(".");
  if (!context.verifies(signedText(payload, tool, args, context), signature))
    throw unusable("is not one that this call gave");
  const [, position, skip, size, before, until] = decode(payload);
  if (until < context.now()) throw unusable("has expired: cursors are good for 24 hours");
  return { position, skip, size, before };
}

/** What to say of a cursor that leads nowhere any more. */
export function unusable(why: string, cause?: unknown): GatewayError {
  return new GatewayError("invalid_arguments", `cursor: it ${why}`, {
    next: "Call again without cursor to start from the first page, with the same arguments on every following page.",
    ...(cause === undefined ? {} : { cause }),
  });
}

type Payload = readonly [number, Position, number, number, number, number];

function encode(payload: Payload): string {
  return Buffer.from(JSON.stringify(payload)).toString("base64url");
}

function decode(payload: string): Payload {
  return JSON.parse(Buffer.from(payload, "base64url").toString()) as Payload; // verified before: it is what we encoded
}

/** The version is signed as well, so that a later form of the payload is never read as this one. */
function signedText(payload: string, tool: string, args: Arguments, { principalId }: StepContext): string {
  const { limit: _limit, cursor: _cursor, ...filters } = args;
  return JSON.stringify([version, payload, tool, principalId, canonical(filters)]);
}
