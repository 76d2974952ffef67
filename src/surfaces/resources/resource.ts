import type { Call } from "../../calls/call.ts";
import { GatewayError } from "../../errors.ts";
import type { Principal } from "../surface.ts";
import type { UriTemplate, Variables } from "./uriTemplate.ts";

/** What a resource is read for: a Call without its Tool and its arguments. */
export type Reading = Omit<Call, "tool" | "args">;

/** What a client sees of a resource in a list, but its URI. */
export interface ResourceDefinition {
  readonly name: string;
  readonly title?: string;
  readonly description?: string;
  readonly mimeType?: string;
}

/** One item of `contents`. */
export type ResourceContents = { readonly uri: string; readonly mimeType?: string } & (
  | { readonly text: string }
  /** Base64. */
  | { readonly blob: string }
);

/** What a resource held when it was read. */
export interface ResourceState {
  readonly contents: readonly ResourceContents[];
  /** The same as long as nothing changed that a subscriber wants to hear of. Default: the contents. */
  readonly compared?: string;
}

/** What a variable or an argument is completed from. */
export interface Completing {
  readonly reading: Reading;
  /** What was typed so far. */
  readonly value: string;
  /** Values of the other variables or arguments. */
  readonly others: Variables;
}

/** At most 100 values. `hasMore`: there are others that fit. */
export interface Completion {
  readonly values: readonly string[];
  readonly hasMore: boolean;
}

/** Completes one variable or argument. Never throws: what cannot be said in time is empty. */
export type Complete = (completing: Completing) => Promise<Completion>;

/** A resource, or a template of many. Configured as a view over a Tool, or written by hand. */
export interface Resource {
  readonly template: UriTemplate;
  readonly definition: ResourceDefinition;
  /** Whether the principal may know of it. */
  readonly permits: (principal: Principal) => boolean;
  /** Throws GatewayError; {@link unknownResource} where the URI names nothing. */
  readonly read: (reading: Reading, uri: string, values: Variables) => Promise<ResourceState>;
  /** By the variable; those that are missing have nothing to offer. */
  readonly complete?: Readonly<Record<string, Complete>>;
  /** How often it is looked at for its subscribers, milliseconds. Absent: nobody can subscribe to it. */
  readonly pollMs?: number;
}

/** The answer for a resource that does not exist or is hidden: the same words, so that nothing tells them apart. */
export function unknownResource(uri: string, scopes: readonly string[] | null): GatewayError {
  const held = scopes === null ? "" : ` (scopes: ${scopes.length === 0 ? "none" : scopes.join(", ")})`;
  const plain = uri.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, "?").slice(0, 512);
  return new GatewayError(
    "unknown_resource",
    `Resource not available: ${plain}. There is no such resource, or your key${held} does not include it.`,
    { next: "Call resources/list and resources/templates/list for those you can read.", data: { uri } },
  );
}

/** The answer for a URI or an argument that is known and has a bad value: -32602. */
export function badValue(message: string, next?: string): GatewayError {
  return new GatewayError("invalid_arguments", message, { rpcCode: -32602, ...(next !== undefined && { next }) });
}
