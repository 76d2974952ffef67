import type { ToolOrigin } from "../catalog/tool.ts";
import { idempotencyArg } from "../operations/idempotency.ts";
import { fieldUse, offeredParams, resolved } from "../operations/schemas.ts";
import type { Call } from "./call.ts";
import { globPattern } from "./glob.ts";
import { tokenArg } from "./safeguards/guards.ts";

/** Longest text of a value that is recorded, and most items of a list. */
const mostCharacters = 200;
const mostItems = 20;
const mostValues = 50;

/** Names of what is a secret whatever its Spec says, the gateway's own control arguments among them. */
const secretNames = /passw|secret|token|credential|authori[sz]ation|api_?key|private_?key|signature|cookie/i;

/**
 * Takes the values of the arguments that `globs` name out of a Call. Only single values and lists of them: an object may hold
 * anything. Never a secret: what the Spec or gateway.yaml calls one, what is only written, what is called like one.
 */
export function createAuditValues(globs: readonly string[]): (call: Call) => Readonly<Record<string, unknown>> {
  const patterns = globs.map(globPattern);
  const allowed = (name: string): boolean => patterns.some((pattern) => pattern.test(name)) && !isSecretName(name);
  return ({ tool, args }) => {
    const names = Object.keys(args).filter(allowed).slice(0, mostValues);
    const entries = names
      .filter((name) => tool.origin === undefined || !isSecretArgument(tool.origin, name))
      .flatMap((name) => {
        const value = shown(args[name]);
        return value === undefined ? [] : [[name, value] as const];
      });
    return Object.fromEntries(entries);
  };
}

function isSecretName(name: string): boolean {
  return secretNames.test(name) || name === idempotencyArg || name === tokenArg;
}

/** Whether the argument is, by its description, not to be seen. One that the Spec does not know may be anything. */
export function isSecretArgument({ api, resource, spec }: ToolOrigin, arg: string): boolean {
  if (isSecretName(arg)) return true;
  const param = offeredParams(spec).find((one) => one.arg === arg);
  const use = (spec.body?.fields ?? []).map(fieldUse).find((one) => one.arg === arg);
  const field = resource.fields[param?.field ?? use?.field ?? use?.name ?? arg];
  const schema = resolved(api, param?.schema ?? use?.schema ?? field ?? {});
  return field?.secret === true || field?.writeOnly === true || schema.format === "password";
}

function shown(value: unknown): unknown {
  if (Array.isArray(value)) return value.slice(0, mostItems).flatMap((item) => shownScalar(item) ?? []);
  return shownScalar(value);
}

function shownScalar(value: unknown): unknown {
  if (typeof value === "string") return value.length > mostCharacters ? `${value.slice(0, mostCharacters)}…` : value;
  return typeof value === "number" || typeof value === "boolean" ? value : undefined;
}
