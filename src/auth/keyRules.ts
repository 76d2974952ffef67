import { GatewayError } from "../errors.ts";
import type { GatewayKeyRow, Named } from "../storage/port.ts";
import type { Secret } from "../telemetry/secret.ts";
import type { Binding, BoundArguments, BoundValue } from "./principal.ts";
import { adminScope } from "./scopes.ts";

/** A key as somebody asks for it. */
export interface WantedKey {
  /** For people: 1 to 100 characters. */
  readonly name: string;
  /** Whom it acts for: the `actor_user_id` of everything done with it. */
  readonly user: Named;
  readonly organisation?: Named;
  /** By their own names; see `scopesOfWords`. */
  readonly scopes: readonly string[];
  readonly boundArguments?: BoundArguments;
  /** ISO 8601; absent: it does not expire. */
  readonly expiresAt?: string;
  /** Sent to the upstream for it; absent: the gateway's own. */
  readonly upstreamCredential?: Secret;
}

/** What of a row its maker decides. */
export type KeyFacts = Pick<
  GatewayKeyRow,
  "name" | "owner" | "organisation" | "scopes" | "boundArguments" | "expiresAt"
>;

export interface KeyRuleContext {
  readonly nowMs: number;
  readonly knownScopes?: ReadonlySet<string>;
}

const scopeForm = /^[\x21\x23-\x5b\x5d-\x7e]{1,100}$/; // RFC 6749 §3.3
const mostScopes = 50;
const mostBindings = 10;
const mostWithin = 1_000;

/** What is stored of a wanted key. Throws one `invalid_arguments` that says everything that is wrong with it, and no secret. */
export function checkedKey(wanted: WantedKey, context: KeyRuleContext): KeyFacts {
  const faults = [
    ...textFaults("name", wanted.name, 100),
    ...partyFaults("user", wanted.user),
    ...(wanted.organisation === undefined ? [] : partyFaults("organisation", wanted.organisation)),
    ...scopeFaults(wanted, context),
    ...expiryFaults(wanted.expiresAt, context.nowMs),
    ...bindingFaults(wanted.boundArguments ?? {}),
    ...credentialFaults(wanted.upstreamCredential),
  ];
  if (faults.length > 0) throw new GatewayError("invalid_arguments", faults.join("; "));
  const { name, user, organisation = null, boundArguments = {}, expiresAt } = wanted;
  return {
    name,
    owner: user,
    organisation,
    scopes: [...new Set(wanted.scopes)],
    boundArguments: Object.keys(boundArguments).length === 0 ? null : boundArguments,
    expiresAt: expiresAt === undefined ? null : new Date(expiresAt).toISOString(),
  };
}

function textFaults(what: string, text: string, most: number): readonly string[] {
  const isGood = text.trim() !== "" && text.length <= most && text.isWellFormed() && !/\p{Cc}/u.test(text);
  return isGood ? [] : [`${what} must be 1 to ${most} characters of text`];
}

function partyFaults(what: string, { id, name }: Named): readonly string[] {
  return [...textFaults(`${what}.id`, id, 200), ...(name === undefined ? [] : textFaults(`${what}.name`, name, 200))];
}

function scopeFaults(wanted: WantedKey, { knownScopes }: KeyRuleContext): readonly string[] {
  const { scopes } = wanted;
  if (scopes.length === 0 || scopes.length > mostScopes) return [`scopes must be 1 to ${mostScopes} names`];
  const unknown = scopes.filter((one) => !scopeForm.test(one) || knownScopes?.has(one) === false);
  const faults = unknown.map((one) => {
    const some = knownScopes === undefined ? "" : `; there are ${[...knownScopes].slice(0, 5).join(", ")} and others`;
    return `nothing asks for the scope ${JSON.stringify(one.slice(0, 100))}${some}`;
  });
  if (!scopes.includes(adminScope)) return faults;
  if (wanted.organisation === undefined) faults.push(`a key with the scope ${adminScope} needs an organisation`);
  if (Object.keys(wanted.boundArguments ?? {}).length > 0)
    faults.push(`a key with the scope ${adminScope} cannot have bound arguments`);
  return faults;
}

function expiryFaults(expiresAt: string | undefined, nowMs: number): readonly string[] {
  if (expiresAt === undefined) return [];
  const at = /^\d{4}-\d{2}-\d{2}T/.test(expiresAt) ? Date.parse(expiresAt) : Number.NaN;
  if (Number.isNaN(at) || at > Date.UTC(9999, 11, 31)) return ["expiresAt must be a time such as 2027-01-31T00:00:00Z"];
  return at > nowMs ? [] : ["expiresAt is in the past"];
}

function bindingFaults(bindings: BoundArguments): readonly string[] {
  const entries = Object.entries(bindings);
  if (entries.length > mostBindings) return [`at most ${mostBindings} arguments can be bound`];
  return entries.flatMap(([argument, binding]) => [
    ...(/^[A-Za-z_][\w.-]{0,127}$/.test(argument) ? [] : ["the name of a bound argument is not one that tools have"]),
    ...(valuesOf(binding).every(isValue) ? [] : [`${argument}: a bound value is a text, number or boolean`]),
    ...(isSized(binding) ? [] : [`${argument}: within must have 1 to ${mostWithin} values`]),
  ]);
}

function valuesOf(binding: Binding): readonly BoundValue[] {
  return "fixed" in binding ? [binding.fixed] : binding.within;
}

function isValue(value: unknown): boolean {
  return typeof value === "string" ? value !== "" && value.length <= 512 : /^(number|boolean)$/.test(typeof value);
}

function isSized(binding: Binding): boolean {
  return "fixed" in binding || (binding.within.length > 0 && binding.within.length <= mostWithin);
}

/** It goes into a header. */
function credentialFaults(credential: Secret | undefined): readonly string[] {
  if (credential === undefined || /^[\x21-\x7e]{1,1024}$/.test(credential.reveal())) return [];
  return ["the upstream credential must be 1 to 1,024 visible characters without spaces"];
}
