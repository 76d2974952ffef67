import type { Request } from "express";
import type { KeyQuery, RotateOptions } from "../../../auth/gatewayKeys.ts";
import type { WantedKey } from "../../../auth/keyRules.ts";
import type { Binding, BoundArguments, BoundValue } from "../../../auth/principal.ts";
import { GatewayError } from "../../../errors.ts";
import { Secret } from "../../../telemetry/secret.ts";

type Json = Readonly<Record<string, unknown>>;

/**
 * The key that a body asks for. Throws one `invalid_arguments` that names every member that is missing, unknown or of another type;
 * values are for `checkedKey`. A credential is never repeated.
 * @param scopesOf what words for scopes stand for
 */
export function wantedKey(body: unknown, scopesOf: (words: readonly string[]) => readonly string[]): WantedKey {
  const read = reader(body, "", [
    "name",
    "user",
    "organisation",
    "scopes",
    "boundArguments",
    "expiresAt",
    "upstreamCredential",
  ]);
  const expiresAt = read.text("expiresAt", "optional");
  const credential = read.text("upstreamCredential", "optional");
  const organisation = read.party("organisation", "optional");
  const bound = read.bindings("boundArguments");
  const wanted = {
    name: read.text("name") ?? "",
    user: read.party("user") ?? { id: "" },
    scopes: scopesOf(read.words("scopes")),
    ...(organisation && { organisation }),
    ...(bound && { boundArguments: bound }),
    ...(expiresAt !== undefined && { expiresAt }),
    ...(credential !== undefined && { upstreamCredential: new Secret(credential) }),
  };
  read.done();
  return wanted;
}

/** How a key is rotated; an absent body is one without wishes. */
export function rotation(body: unknown): RotateOptions {
  const read = reader(body ?? {}, "", ["overlapSeconds"]);
  const overlapSeconds = read.number("overlapSeconds");
  read.done();
  return overlapSeconds === undefined ? {} : { overlapSeconds };
}

const queryNames = ["user", "organisation", "search", "includeEnded", "limit", "cursor"] as const;

/** What a list is asked for. Throws `invalid_arguments` for a parameter that is none, stands twice, or has no sense. */
export function keyQuery(query: Request["query"]): KeyQuery {
  for (const [name, value] of Object.entries(query)) {
    if (!queryNames.some((one) => one === name))
      throw invalid(`there is no parameter ${shown(name)}; there are ${queryNames.join(", ")}`);
    if (typeof value !== "string") throw invalid(`${name} stands twice; give it once`);
  }
  const { user, organisation, search, includeEnded, limit, cursor } = query as Readonly<
    Record<string, string | undefined>
  >;
  if (includeEnded !== undefined && !/^(true|false)$/.test(includeEnded))
    throw invalid("includeEnded must be true or false");
  if (limit !== undefined && !(/^\d{1,3}$/.test(limit) && Number(limit) >= 1 && Number(limit) <= 200))
    throw invalid("limit must be a whole number from 1 to 200");
  return {
    ...(user !== undefined && { user }),
    ...(organisation !== undefined && { organisation }),
    ...(search !== undefined && search !== "" && { search: search.slice(0, 200) }),
    ...(includeEnded !== undefined && { includeEnded: includeEnded === "true" }),
    ...(limit !== undefined && { limit: Number(limit) }),
    ...(cursor !== undefined && { after: cursor }),
  };
}

/** Reads members of an object and gathers what is wrong with them. */
interface Reader {
  readonly text: (name: string, need?: "optional") => string | undefined;
  readonly number: (name: string) => number | undefined;
  readonly party: (name: string, need?: "optional") => WantedKey["user"] | undefined;
  /** A list of words, or a text of words. */
  readonly words: (name: string) => readonly string[];
  readonly bindings: (name: string) => BoundArguments | undefined;
  readonly done: () => void;
}

function reader(body: unknown, path: string, names: readonly string[], faults: string[] = []): Reader {
  if (!isObject(body)) throw invalid("the body must be a JSON object, sent as application/json");
  for (const name of Object.keys(body))
    if (!names.includes(name)) faults.push(`unknown member ${shown(path + name)}; there are ${names.join(", ")}`);
  const member = <Value>(name: string, need: "optional" | undefined, is: (value: unknown) => boolean, what: string) => {
    const value = body[name];
    if (value === undefined && need === "optional") return undefined;
    if (is(value)) return value as Value; // just checked
    faults.push(`${path}${name} must be ${what}`);
    return undefined;
  };
  const isText = (value: unknown): boolean => typeof value === "string";
  return {
    text: (name, need) => member<string>(name, need, isText, "a text"),
    number: (name) => member<number>(name, "optional", (value) => typeof value === "number", "a number"),
    party: (name, need) => {
      const party = member<Json>(name, need, isObject, 'an object such as {"id": "u1", "name": "Ada"}');
      if (party === undefined) return undefined;
      const inner = reader(party, `${path}${name}.`, ["id", "name"], faults);
      const [id, called] = [inner.text("id"), inner.text("name", "optional")];
      return { id: id ?? "", ...(called !== undefined && { name: called }) };
    },
    words: (name) => {
      const isWords = (value: unknown): boolean => isText(value) || (Array.isArray(value) && value.every(isText));
      const given = member<string | readonly string[]>(name, undefined, isWords, 'such as ["read", "write"]') ?? [];
      return typeof given === "string" ? given.split(" ").filter((word) => word !== "") : given;
    },
    bindings: (name) => {
      const all = member<Json>(name, "optional", isObject, 'an object such as {"pageId": {"fixed": "7"}}');
      for (const [argument, binding] of Object.entries(all ?? {}))
        if (!isBinding(binding))
          faults.push(
            `${path}${name}.${shown(argument)} must be {"fixed": value} or {"within": [values]}, with "elsewhere": "allow" if wished`,
          );
      return all as BoundArguments | undefined; // just checked, or `done` throws
    },
    done: () => {
      if (faults.length > 0) throw invalid(faults.join("; "));
    },
  };
}

function isBinding(value: unknown): value is Binding {
  if (!isObject(value)) return false;
  const { elsewhere, fixed, within, ...unknown } = value;
  const isElsewhere = elsewhere === undefined || elsewhere === "allow";
  const isOne = (fixed === undefined) !== (within === undefined);
  const isGood = fixed === undefined ? Array.isArray(within) && within.every(isValue) : isValue(fixed);
  return isElsewhere && isOne && isGood && Object.keys(unknown).length === 0;
}

function isValue(value: unknown): value is BoundValue {
  return /^(string|number|boolean)$/.test(typeof value);
}

function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A name out of a request, short enough for a message. */
function shown(name: string): string {
  return JSON.stringify(name.length > 64 ? `${name.slice(0, 64)}…` : name);
}

function invalid(message: string): GatewayError {
  return new GatewayError("invalid_arguments", message);
}
