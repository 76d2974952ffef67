import type { Effect, Method, Param, PartEncoding, SecurityRequirement, SecurityScheme } from "../descriptor.ts";

/**
 * What passes between an Operation kind and the Upstream: a request not yet serialised, and an answer already parsed.
 * The kinds say *what* to send, `serialize.ts` alone says how it looks on the wire, `client.ts` alone sends it.
 */
export interface UpstreamRequest {
  /** `path` is the template. */
  readonly operation: { readonly id: string; readonly method: Method; readonly path: string };
  /** Decides what a failure means for the caller: a read may be repeated, anything else may have happened. */
  readonly effect: Effect;
  readonly idempotent: boolean;
  /**
   * It carries a header by which the upstream recognises a repetition: sent twice, it is done once. The upstream must have
   * declared that header.
   */
  readonly repeatable?: boolean;
  readonly params: readonly ParamValue[];
  readonly body?: RequestBody;
  /** The query of a next link, credentials taken out. It replaces every query parameter. */
  readonly nextQuery?: readonly (readonly [name: string, value: string])[];
  readonly security: RequestSecurity;
  /** Media type asked for; default `application/json`. */
  readonly accept?: string;
}

/** A declared parameter and the value for it; `undefined` and `null` are not sent. */
export interface ParamValue {
  readonly param: Param;
  readonly value: unknown;
}

export interface RequestBody {
  readonly mediaType: string;
  /** Keys around the value, outermost first. */
  readonly wrap?: readonly string[];
  readonly value: unknown;
  /** How single properties of a form are written, by their names on the wire. */
  readonly encoding?: { readonly [property: string]: PartEncoding };
}

/** What the Spec says about credentials for this request. */
export interface RequestSecurity {
  readonly schemes: { readonly [name: string]: SecurityScheme };
  /** The Operation's own requirement; `[]` sends no credential. */
  readonly own?: readonly SecurityRequirement[];
  /** The requirement of an Operation that states none. */
  readonly common: readonly SecurityRequirement[];
}

/** A successful answer. Every other one is thrown by the Upstream as a GatewayError. */
export interface UpstreamResponse {
  readonly status: number;
  /** Names in lower case; repeated headers joined with `, `. */
  readonly headers: { readonly [name: string]: string };
  /** Parsed JSON; text where the answer is text; bytes where it is neither; undefined where it is empty. */
  readonly body: unknown;
  /** Size of the decoded body. */
  readonly bytes: number;
  /** Media type without parameters, lower case; empty when the answer names none. */
  readonly mediaType: string;
  /** The URL that was asked. For comparing next links with; never shown to a caller. */
  readonly url: string;
}
