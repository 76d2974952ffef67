import type { Surface } from "./context.ts";

/**
 * What the server can do at a Surface, as `initialize` and `server/discover` declare it: prompts, resources and completions only
 * where it has some. Where no session is kept there is no stream to tell of changes, and a log level that the client sets
 * would be forgotten with the answer.
 */
export function capabilitiesOf(surface: Surface, keepsSession = true): ServerCapabilities {
  const { prompts, resources } = surface;
  const changes = keepsSession ? { listChanged: true } : {};
  const subscribes = keepsSession && resources?.all.some(({ pollMs }) => pollMs !== undefined) === true;
  const completes = [...(prompts?.all ?? []), ...(resources?.all ?? [])].some(({ complete }) => complete !== undefined);
  return {
    tools: changes,
    ...(prompts !== undefined && { prompts: changes }),
    ...(resources !== undefined && { resources: { ...changes, ...(subscribes && { subscribe: true }) } }),
    ...(completes && { completions: {} }),
    ...(keepsSession && { logging: {} }),
  };
}

/** The part of the protocol's ServerCapabilities that Specgate uses. */
export interface ServerCapabilities {
  readonly tools?: { readonly listChanged?: boolean };
  readonly prompts?: { readonly listChanged?: boolean };
  readonly resources?: { readonly listChanged?: boolean; readonly subscribe?: boolean };
  readonly completions?: Readonly<Record<string, never>>;
  readonly logging?: Readonly<Record<string, never>>;
}
