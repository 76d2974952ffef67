/** What the server can do, as `initialize` and `server/discover` declare it. Grows with resources and prompts. */
export const serverCapabilities: ServerCapabilities = {
  tools: { listChanged: true },
  logging: {},
};

/**
 * What `initialize` declares where no session is kept: there is no stream to tell of changes, and a log level that the client
 * sets would be forgotten with the answer.
 */
export const sessionlessCapabilities: ServerCapabilities = { tools: {} };

/** The part of the protocol's ServerCapabilities that Specgate uses. */
export interface ServerCapabilities {
  readonly tools?: { readonly listChanged?: boolean };
  readonly prompts?: { readonly listChanged?: boolean };
  readonly resources?: { readonly listChanged?: boolean; readonly subscribe?: boolean };
  readonly completions?: Readonly<Record<string, never>>;
  readonly logging?: Readonly<Record<string, never>>;
}
