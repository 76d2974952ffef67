import { hash, randomUUID } from "node:crypto";
import { type Keys, sign, verifies } from "../../auth/keys.ts";
import { canonical } from "../../operations/canonical.ts";
import { idempotencyArg } from "../../operations/idempotency.ts";
import type { Arguments } from "../call.ts";
import { dryRunArg, tokenArg } from "./guards.ts";

/** What a confirmation is for: a token is worth nothing for anything else. */
export interface TokenBinding {
  /** The principal's lasting id, so that a rotation of secrets does not part a token from its holder. */
  readonly principalId: string;
  readonly surface: string;
  readonly tool: string;
  readonly args: Arguments;
}

/** A token that holds, for so long, or why it does not. */
export type TokenCheck =
  | { readonly isGood: true; readonly leftMs: number }
  | { readonly isGood: false; readonly why: string };

/** Seconds a token is good for (security.md T6). */
export const tokenSeconds = 600;
/** A token is about 200 characters; more is not ours. */
export const maxTokenLength = 512;

/** A confirmation token: expiry, a number of its own and the digest of what it is for, signed. It holds nothing in the clear. */
export function mintToken(keys: Keys, binding: TokenBinding, nowMs: number): string {
  const content = [nowMs + tokenSeconds * 1_000, randomUUID(), digestOf(binding)];
  const body = Buffer.from(JSON.stringify(content)).toString("base64url");
  return `${body}.${sign(keys, signedText(body))}`;
}

/** Whether `token` confirms what `binding` says. That it is used once is for `once.ts`. */
export function checkToken(keys: Keys, token: string, binding: TokenBinding, nowMs: number): TokenCheck {
  const [, body, signature] = /^([\w-]+)\.([\w-]{43})$/.exec(token) ?? [];
  const isOurs = body !== undefined && signature !== undefined && verifies(keys, signedText(body), signature);
  if (!isOurs) return { isGood: false, why: "is not one that this gateway gave" };
  const [expiresMs, , digest] = JSON.parse(Buffer.from(body, "base64url").toString()) as [number, string, string]; // signed: mintToken wrote it
  if (digest !== digestOf(binding)) return { isGood: false, why: "was given for another call" };
  const leftMs = expiresMs - nowMs;
  return leftMs > 0
    ? { isGood: true, leftMs }
    : { isGood: false, why: `has expired: it is good for ${tokenSeconds} s` };
}

/** A later form of the body is never read as this one. */
function signedText(body: string): string {
  return `v1|${body}`;
}

/** The key of an attempt is no part of what was agreed to. */
function digestOf({ principalId, surface, tool, args }: TokenBinding): string {
  const { [tokenArg]: _token, [dryRunArg]: _dry, [idempotencyArg]: _key, ...agreed } = args;
  return hash("sha256", JSON.stringify([principalId, surface, tool, canonical(agreed)]), "base64url");
}
