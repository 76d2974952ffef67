import type { Principal, Surface } from "../mcp/context.ts";

/**
 * The Principal of a request to a Surface, from its raw header list; `from` is the network that refused keys are counted for.
 * What is good at one Surface may be good at no other: each asks its own upstream. Throws what `Authenticate` throws.
 */
export type AuthenticateAt = (surface: Surface, rawHeaders: readonly string[], from?: string) => Promise<Principal>;
