/** What the model says of one resource type of Beacon. The server and the OpenAPI document are both read off it. */
import { type Field, type FieldInput, type Json, parseField, type Row } from "./fields.ts";

/** The six standard kinds. */
export type Kind = "list" | "count" | "get" | "create" | "update" | "delete";

/** How a list is paged; real APIs disagree, so the domains here do too. */
export type PagingStyle = "offset" | "page" | "cursor" | "link";

/** Where a list says how many match: an endpoint, the `X-Total-Count` header, a field of the body, or nowhere. */
export type CountStyle = "endpoint" | "header" | "body" | "none";

/** `bare`: an array. `items`: `{ items, … }`. `data`: `{ data, meta: { … } }`. */
export type EnvelopeStyle = "bare" | "items" | "data";

/** The conventions a domain keeps, overridden by single nouns. */
export interface Conventions {
  readonly paging: PagingStyle;
  readonly count: CountStyle;
  readonly envelope: EnvelopeStyle;
  readonly update: "patch" | "put" | "both";
  /** Delete answers 204, or 200 `{ deleted: true, id }`. */
  readonly remove: "empty" | "flag";
  /** The largest page; a larger one asked for is a 400. */
  readonly maxPage: number;
  /** The id's path parameter: `{incidentId}` or plain `{id}`. */
  readonly idStyle: "named" | "plain";
  /** One schema for reading and writing, with `readOnly` marks, instead of one each. */
  readonly sharedSchema: boolean;
}

/** A custom method: `POST /incidents/{incidentId}/resolve`. */
export interface Action {
  readonly verb: string;
  readonly about: string;
  /** Body fields; absent: the action takes no body. */
  readonly body?: Readonly<Record<string, Field>>;
  /** What it writes. `$now` and `$user` stand for the time and the caller, `$body.x` for what was sent (or null), `$outcome` for how a run ends. */
  readonly sets: Readonly<Record<string, Json>>;
  /** The row must have one of these values, else 409. */
  readonly when?: { readonly field: string; readonly is: readonly Json[] };
  /** A row it adds to another noun, with the same placeholders, and `$id`, `$pageId` of the row acted upon. */
  readonly adds?: { readonly noun: string; readonly row: Readonly<Record<string, Json>> };
  /** Kind of the alert it sends, if the body's `notify` is true. */
  readonly alert?: string;
  /** `:verb` after the id, as in AIP-136, instead of `/verb`. */
  readonly colon?: boolean;
}

/** One resource type, complete. */
export interface Noun extends Conventions {
  readonly name: string;
  readonly plural: string;
  /** Prefix of its ids: `inc` in `inc_1001`. */
  readonly prefix: string;
  readonly tag: string;
  readonly about: string;
  /** Path of the collection, with the parents' parameters: `/status-pages/{pageId}/subscribers`. */
  readonly path: string;
  readonly idParam: string;
  /** The fields the path fills: `pageId` of a subscriber, with the noun each belongs to. */
  readonly parents: readonly { readonly param: string; readonly noun: string }[];
  readonly kinds: readonly Kind[];
  readonly fields: Readonly<Record<string, Field>>;
  readonly actions: readonly Action[];
  /** Kind of the alert that create sends, if the body's `notify` is true. */
  readonly alertOnCreate?: string;
  /** What `notify` means when it is not sent; `null`: it must be sent. */
  readonly notifyDefault: boolean | null;
  /** Relations answered as `{ id, name }` too: `teamId` brings `team`. */
  readonly expand: readonly string[];
  /** A permission the caller's role must include to read it. */
  readonly readPermission?: string;
  /** Kinds whose operation has no operationId, as in many real documents. */
  readonly unnamed: readonly Kind[];
  /** Names of the seeded rows that the seed does not spell out. */
  readonly samples: readonly string[];
}

/** What a domain file writes down of a noun; the rest follows from the name and the domain's conventions. */
export interface NounInput extends Partial<Conventions> {
  readonly plural?: string;
  readonly prefix: string;
  readonly about: string;
  readonly path?: string;
  readonly idParam?: string;
  readonly parents?: Noun["parents"];
  readonly kinds?: readonly Kind[];
  readonly fields: Readonly<Record<string, FieldInput>>;
  readonly actions?: readonly ActionInput[];
  readonly alertOnCreate?: string;
  readonly notifyDefault?: boolean;
  readonly expand?: readonly string[];
  readonly readPermission?: string;
  readonly unnamed?: readonly Kind[];
  readonly samples?: readonly string[];
}

/** An {@link Action} whose body is written in the field language. */
export interface ActionInput extends Omit<Action, "body"> {
  readonly body?: Readonly<Record<string, FieldInput>>;
}

/** All six kinds, in the order documents list them. */
export const allKinds: readonly Kind[] = ["list", "count", "get", "create", "update", "delete"];

/** The fields every noun has; the server sets them. They stand before and after its own. */
const identity: Readonly<Record<string, Field>> = parseFields({ id: "text(..64)~ Id, unique across organisations" });
const bookkeeping: Readonly<Record<string, Field>> = parseFields({
  organisationId: "text(..64)~ The organisation it belongs to",
  createdAt: "time~ When it was created",
  updatedAt: "time~ When it last changed",
  rev: "int(1..)~ Revision, one more with every change",
});

const usual: Conventions = {
  paging: "offset",
  count: "endpoint",
  envelope: "items",
  update: "patch",
  remove: "empty",
  maxPage: 200,
  idStyle: "named",
  sharedSchema: false,
};

/** The nouns of one domain: `tag` groups them in the document, `conventions` is what they have in common. */
export function domain(
  tag: string,
  conventions: Partial<Conventions>,
  nouns: Readonly<Record<string, NounInput>>,
): readonly Noun[] {
  return Object.entries(nouns).map(([name, input]) => complete(name, tag, { ...usual, ...conventions }, input));
}

function complete(name: string, tag: string, conventions: Conventions, input: NounInput): Noun {
  const plural = input.plural ?? pluralOf(name);
  const style = { ...conventions, ...input };
  return {
    ...style,
    name,
    plural,
    tag,
    path: input.path ?? `/${kebab(plural)}`,
    idParam: input.idParam ?? (style.idStyle === "plain" ? "id" : `${camel(name)}Id`),
    parents: input.parents ?? [],
    kinds: (input.kinds ?? allKinds).filter((kind) => kind !== "count" || style.count === "endpoint"),
    fields: { ...identity, ...parseFields(input.fields), ...bookkeeping },
    actions: (input.actions ?? []).map(completeAction),
    notifyDefault: input.notifyDefault ?? null,
    expand: input.expand ?? [],
    unnamed: input.unnamed ?? [],
    samples: input.samples ?? [],
  };
}

function completeAction({ body, ...action }: ActionInput): Action {
  return body === undefined ? action : { ...action, body: parseFields(body) };
}

function parseFields(inputs: Readonly<Record<string, FieldInput>>): Readonly<Record<string, Field>> {
  return Object.fromEntries(Object.entries(inputs).map(([name, input]) => [name, parseField(input)]));
}

/** `OnCallPolicy` as `on-call-policy`. */
export function kebab(name: string): string {
  return name.replaceAll(/(?<=[a-z0-9])(?=[A-Z])/g, "-").toLowerCase();
}

/** `OnCallPolicy` as `onCallPolicy`. */
export function camel(name: string): string {
  return name.charAt(0).toLowerCase() + name.slice(1);
}

/** `OnCallPolicy` as `on-call policy`, for sentences. */
export function words(name: string): string {
  return kebab(name)
    .replaceAll("-", " ")
    .replace(/^on call/, "on-call")
    .replace(/\b(api|dns|tls|sso|ip|sms|slo)\b/g, (short) => short.toUpperCase());
}

function pluralOf(name: string): string {
  if (/(?:s|x|ch|sh)$/.test(name)) return `${name}es`;
  return /[^aeiou]y$/.test(name) ? `${name.slice(0, -1)}ies` : `${name}s`;
}

/** The text a row is known by: its name, title or subject. */
export function labelOf(row: Row): string {
  const label = row.name ?? row.title ?? row.subject ?? row.id;
  return typeof label === "string" ? label : String(label);
}
