import type { Field, Json, Row, Schema } from "./model/fields.ts";
import type { Store } from "./store.ts";
import type { Fault } from "./validate.ts";

/** What a key must be scoped for. */
export type KeyScope = "read" | "write" | "delete";

/** Who calls: a key, the person it acts for, and what both together allow. */
export interface Caller {
  readonly organisationId: string;
  readonly keyId: string;
  readonly keyName: string;
  /** The key's scopes, less what the person's role does not include. */
  readonly scopes: readonly KeyScope[];
  readonly user: Row;
  readonly permissions: readonly string[];
  /** The organisations of a person who signed in and has named none; absent for a key, which has one. */
  readonly memberships?: readonly string[];
  /** A person who signed in, without a key. */
  readonly isPerson?: boolean;
}

/** One request, its parts already validated. */
export interface Context {
  readonly store: Store;
  readonly caller: Caller;
  /** The present time, ISO 8601 in UTC. */
  readonly now: string;
  readonly path: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, Json>>;
  readonly body: Row;
  /** Scheme and host the caller used, and the path with its query, for links. */
  readonly url: URL;
}

/** What goes back. No body: 204. */
export interface Answer {
  readonly status: number;
  readonly body?: Json;
  readonly headers?: Readonly<Record<string, string>>;
}

/** One operation: what the document says of it, and what the server does. */
export interface Route {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** Template, as in the document. */
  readonly path: string;
  readonly operationId?: string;
  readonly tag: string;
  readonly summary: string;
  readonly description?: string;
  /** null: anyone may call it without a key. */
  readonly scope: KeyScope | null;
  readonly permission?: string;
  /** A person who signed in may do it for themselves, whatever the role; so may a key for itself. */
  readonly forOneself?: boolean;
  /** Query parameters. */
  readonly query?: Readonly<Record<string, Field & { readonly commas?: boolean }>>;
  /** The JSON body; `schema` is the name of its component schema, or the schema itself. */
  readonly body?: { readonly schema: Schema; readonly name?: string; readonly optional?: boolean };
  readonly success: {
    readonly status: number;
    readonly description: string;
    readonly schema?: Schema;
    readonly headers?: Readonly<Record<string, Schema>>;
  };
  /** It may answer 409. */
  readonly conflicts?: boolean;
  readonly answer: (context: Context) => Answer;
}

/** A failure that is answered as `{ error: { code, message, details? } }`. */
export class ApiFailure extends Error {
  override readonly name = "ApiFailure";
  readonly status: number;
  readonly code: string;
  readonly details: readonly Fault[] | undefined;

  constructor(status: number, code: string, message: string, details?: readonly Fault[]) {
    super(message);
    this.status = status;
    this.code = code;
    this.details = details;
  }
}
