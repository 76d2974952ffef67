/**
 * The contract between codegen, `generated/` and the runtime: what the gateway knows of an API, as data.
 *
 * Nothing in here behaves. Codegen produces these values from a Spec, `generated/` holds them as TypeScript literals,
 * the runtime interprets them. Fields may grow; the idea may not: each fact is stated once, and data only.
 */

/** A JSON value. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

/** An OpenAPI operation method, upper case. */
export type Method = "GET" | "PUT" | "POST" | "DELETE" | "OPTIONS" | "HEAD" | "PATCH" | "TRACE" | "QUERY";

/** The six standard kinds of AIP-131 to AIP-135, plus Count. */
export type CrudKind = "list" | "count" | "get" | "create" | "update" | "delete";

/** What an Operation does to its ResourceType; `action` is a custom method (AIP-136). */
export type OperationKind = CrudKind | "action";

/** What a Tool may do to the API's data. Annotations, scopes, retries and confirmation all follow from it. */
export type Effect = "read" | "write" | "destroy";

/**
 * A JSON Schema 2020-12 in the profile that codegen emits: single `type` (null by `anyOf`), `$ref` only to
 * `#/$defs/<name>` (names of {@link Api.schemas}), no `x-` keywords but the ones of {@link Field}.
 */
export interface Schema {
  readonly $ref?: string;
  readonly type?: "string" | "number" | "integer" | "boolean" | "object" | "array" | "null";
  readonly title?: string;
  readonly description?: string;
  readonly enum?: readonly Json[];
  readonly const?: Json;
  readonly default?: Json;
  readonly format?: string;
  readonly pattern?: string;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly exclusiveMaximum?: number;
  readonly multipleOf?: number;
  readonly items?: Schema;
  readonly prefixItems?: readonly Schema[];
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly uniqueItems?: boolean;
  readonly properties?: { readonly [name: string]: Schema };
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | Schema;
  readonly minProperties?: number;
  readonly maxProperties?: number;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly allOf?: readonly Schema[];
  readonly not?: Schema;
}

/** One property of a noun, stated once for all the shapes it appears in. */
export interface Field extends Schema {
  /** The server sets it; it is in no create or update body. */
  readonly readOnly?: boolean;
  /** It is sent and never returned. */
  readonly writeOnly?: boolean;
  /** A credential or the like: in no default selection, no log, no audit row. */
  readonly secret?: boolean;
  /** Large (documents, long text, blobs): in no default selection. */
  readonly heavy?: boolean;
  /** Name of the value wrapper it travels in (see {@link Wrappers}), e.g. `DateTime`; callers see the plain value. */
  readonly wrapper?: string;
}

/**
 * Typed value wrappers of an API, such as `{"_type":"DateTime","value":"2026-01-01T00:00:00Z"}`. On the way out an object
 * of exactly these two keys whose type is in `names` becomes its value; on the way in a Field's `wrapper` is put around it.
 */
export interface Wrappers {
  readonly type: string;
  readonly value: string;
  readonly names: readonly string[];
}

export type ParamIn = "path" | "query" | "header" | "cookie";
/** OpenAPI's styles, and `tabDelimited`: Swagger 2.0's `tsv`, which OpenAPI 3 has no word for. */
export type ParamStyle =
  | "simple"
  | "label"
  | "matrix"
  | "form"
  | "spaceDelimited"
  | "pipeDelimited"
  | "tabDelimited"
  | "deepObject";

/** One declared parameter of an Operation and the Tool argument that fills it. OpenAPI 3.1 §4.8.12. */
export interface Param {
  /** Its name on the wire. */
  readonly name: string;
  readonly in: ParamIn;
  /** The Tool's argument. Absent when `value` is given. */
  readonly arg?: string;
  /** A constant sent with every call and not offered as an argument. */
  readonly value?: Json;
  /** Default: `simple` for path and header, `form` for query and cookie. */
  readonly style?: ParamStyle;
  /** Default: true for `form`, else false. */
  readonly explode?: boolean;
  readonly allowReserved?: boolean;
  /** Media type of a `content` parameter: the value is serialised by it instead of by style. */
  readonly content?: string;
  readonly required?: boolean;
  /** Name of the noun's Field that describes it; else `schema` does. */
  readonly field?: string;
  readonly schema?: Schema;
  readonly description?: string;
  /** A flag that says the opposite of its argument: false is sent for true. Set by a safeguard, not by codegen. */
  readonly inverted?: boolean;
  /** A path parameter that may hold several segments (`{name=projects/*}`); each is checked and encoded alone. */
  readonly multiSegment?: boolean;
}

/** One property of a request body and the argument that fills it. */
export interface FieldUse {
  /** The property on the wire. */
  readonly name: string;
  /** The Tool's argument; default: `name`. Differs when an argument of the Tool already has that name. */
  readonly arg?: string;
  /** Name of the noun's Field; default: `name`. Ignored when `schema` is given. */
  readonly field?: string;
  /** The property's own schema, where it differs from the noun's Field. */
  readonly schema?: Schema;
  /** A flag that says the opposite of its argument: false is sent for true. Set by a safeguard, not by codegen. */
  readonly inverted?: boolean;
}

/** The request body of an Operation. */
export interface Body {
  /** The media type to send, e.g. `application/json`; several with commas where a file may be of any of them. */
  readonly mediaType: string;
  /** Keys around the object: `["data"]` sends `{"data":{…}}`. */
  readonly wrap?: readonly string[];
  /** The object's properties, offered as flat arguments. */
  readonly fields?: readonly (FieldUse | string)[];
  /** Arguments (not wire names) of `fields` that are required. */
  readonly required?: readonly string[];
  /** Constant properties sent with every call. */
  readonly fixed?: { readonly [name: string]: Json };
  /** A body that is not a plain object (array, scalar, union) is one argument of this name, described by `schema`. */
  readonly arg?: string;
  readonly schema?: Schema;
  /** The Spec lets the body be absent: with no argument given, none is sent. */
  readonly optional?: boolean;
  /** How single properties of a form are written, by their names on the wire. Forms and `multipart/form-data` only. */
  readonly encoding?: { readonly [property: string]: PartEncoding };
  /** Properties beyond `fields` are allowed; this Schema describes them, and they are given in the argument `extra`. */
  readonly extra?: { readonly arg: string; readonly schema: Schema };
}

/** How one property of a form or multipart body is written, where that is not the default. OpenAPI 3.1 §4.8.15. */
export interface PartEncoding {
  /** The part is a file: its argument is base64 or a data URI, an array of them several files. */
  readonly file?: boolean;
  /** Media type, or several with commas where a file may be of any of them; ranges such as `image/*` count. */
  readonly contentType?: string;
  /** Given any of these three, the property is written as a query parameter would be, and `contentType` is ignored. */
  readonly style?: ParamStyle;
  readonly explode?: boolean;
  readonly allowReserved?: boolean;
}

/** Where an answer holds the value. */
export interface Result {
  /** Path from the body to the value, e.g. `["data"]`. A body without that path is itself the value. */
  readonly unwrap?: readonly string[];
  /** The exact schema of the value (of one item for List); names the noun with `field: true`. */
  readonly item?: Schema;
  /** The answer is the noun itself: its Fields describe it. */
  readonly noun?: boolean;
  /** Media type where it is not JSON. */
  readonly mediaType?: string;
  /** The answer is a file: bytes that no text can hold. */
  readonly binary?: boolean;
  /** The Spec declares no body for success. */
  readonly empty?: boolean;
}

/** A place in a request: a query parameter, a header, or a top-level property of the (unwrapped) body. */
export interface Slot {
  readonly name: string;
  readonly in: "query" | "header" | "body";
}

/** A place in an answer: a path in the body, or a response header. */
export type Source = { readonly path: readonly string[] } | { readonly header: string };

/** How an upstream List is paged. Outward there is one form: `limit` and an opaque `cursor`. */
export type Paging =
  | PagingOf<"offset", { readonly offset: Slot }>
  | PagingOf<"page", { readonly page: Slot /** Number of the first page. */; readonly first: number }>
  | PagingOf<"cursor", { readonly cursor: Slot; readonly next: Source }>
  /** The cursor is a field of the last item (Stripe's `starting_after`). */
  | PagingOf<"keyset", { readonly cursor: Slot; readonly itemField: string }>
  /** RFC 8288 `Link: <…>; rel="next"`; followed on the same origin and path only. */
  | PagingOf<"link", object>
  | PagingOf<"nextUrl", { readonly next: Source }>
  /** Everything comes at once. */
  | PagingOf<"none", object>;

type PagingOf<Style extends string, More> = More & {
  readonly style: Style;
  /** Where the page size is asked for. */
  readonly limit?: Slot;
  /** The largest page size the upstream takes, where known. */
  readonly maxLimit?: number;
  /** Where the answer says that there is more. */
  readonly hasMore?: Source;
  /** Where the answer holds the exact number of matching items. */
  readonly total?: Source;
};

/** Where a Count comes from. Absent: `total` of the List's paging, else by walking pages to a cap. */
export type CountSource =
  /** The operation's own answer holds it: at a path, or the body itself (`[]`). */
  | { readonly from: "answer"; readonly path: readonly string[] }
  /** The count is derived from the List operation of the same ResourceType. */
  | { readonly from: "list" };

/** How an upstream lets a caller choose the fields that come back. */
export interface Select {
  readonly slot: Slot;
  /** `trueMap`: `{"a":true}`; `csv`: `a,b`; `array`: `["a","b"]`. */
  readonly style: "trueMap" | "csv" | "array";
  /** Without a selection the upstream answers next to nothing, so one is always sent. */
  readonly required?: boolean;
  /** Names that may be selected. */
  readonly names: readonly string[];
  /**
   * Messages by which the upstream refuses one name, with `{name}` where it stands. The name is dropped and the read
   * repeated (ten times at most), and the result says so.
   */
  readonly refusals?: readonly string[];
}

/** One alternative of a security requirement: every scheme named in it must be satisfied. OpenAPI 3.1 §4.8.30. */
export type SecurityRequirement = { readonly [scheme: string]: readonly string[] };

/** A security scheme the gateway can satisfy. OpenAPI 3.1 §4.8.27. */
export type SecurityScheme =
  | { readonly type: "apiKey"; readonly in: "header" | "query" | "cookie"; readonly name: string }
  | { readonly type: "http"; readonly scheme: string }
  /** OAuth 2 and OpenID Connect tokens travel as `Authorization: Bearer`. */
  | { readonly type: "oauth2" | "openIdConnect" }
  | { readonly type: "mutualTLS" };

/** How one Tool calls one Operation. */
export interface ToolSpec {
  readonly name: string;
  readonly aliases?: readonly string[];
  readonly kind: OperationKind;
  readonly effect: Effect;
  readonly title?: string;
  readonly description: string;
  /** `id` is the operationId, else `METHOD /path`. `path` is the template, as in the Spec, and may be corrected by an override. */
  readonly operation: { readonly id: string; readonly method: Method; readonly path: string };
  readonly params?: readonly Param[];
  readonly body?: Body;
  readonly result?: Result;
  readonly paging?: Paging;
  readonly count?: CountSource;
  readonly select?: Select;
  /** Repeating it has the effect of doing it once. Default: true for get, list, count, update, delete; false otherwise. */
  readonly idempotent?: boolean;
  /** Total deadline; default 30,000, at most 120,000. */
  readonly timeoutMs?: number;
  /** Where it differs from {@link Api.security}. `[]` means that no credential is sent. */
  readonly security?: readonly SecurityRequirement[];
  /** Sentences the Tool's description ends with, e.g. "The whole object is needed." */
  readonly notes?: readonly string[];
  readonly deprecated?: boolean;
}

/** A noun of the API with its fields and tools. */
export interface ResourceType {
  /** PascalCase singular. */
  readonly name: string;
  readonly plural: string;
  /** For people: "On-Call Policy". */
  readonly title: string;
  readonly description?: string;
  /** The argument and field names that identify one instance, e.g. `["id"]`. */
  readonly ids?: readonly string[];
  /** Tags and the like, for search. */
  readonly tags?: readonly string[];
  readonly fields: { readonly [name: string]: Field };
  /** Fields returned by default; absent: all that are neither secret nor heavy. */
  readonly defaultFields?: readonly string[];
  readonly tools: { readonly [kind in CrudKind]?: ToolSpec };
  readonly actions: { readonly [name: string]: ToolSpec };
}

/** A ResourceType whose instances have a known TypeScript shape; the property exists only in types. */
export interface TypedResourceType<Shape> extends ResourceType {
  readonly $shape?: Shape;
}

/** Everything the runtime knows of one API: what `generated/<api>/index.ts` exports as `api`. */
export interface Api {
  /** Folder name: `beacon`. */
  readonly name: string;
  readonly title: string;
  /** `info.version` of the Spec. */
  readonly version: string;
  readonly description?: string;
  readonly securitySchemes: { readonly [name: string]: SecurityScheme };
  /** The requirement of every Tool that does not state its own. */
  readonly security: readonly SecurityRequirement[];
  readonly wrappers?: Wrappers;
  /** Component schemas used by two or more ResourceTypes, or by themselves; `$ref: "#/$defs/<name>"` points here. */
  readonly schemas: { readonly [name: string]: Schema };
  /** Sorted by name. */
  readonly resources: readonly ResourceType[];
}
