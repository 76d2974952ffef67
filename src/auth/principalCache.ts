import type { Principal } from "./principal.ts";

export interface PrincipalCacheOptions {
  /** Entries kept; the oldest goes first. */
  readonly size: number;
  /** Milliseconds for which an answer is believed. */
  readonly lives: { readonly accepted: number; readonly refused: number };
  readonly now: () => number;
}

/** Principals by the hash of their key. */
export interface PrincipalCache {
  /** Whether the last answer for `id`, however old, was a Principal. */
  readonly wasGood: (id: string) => boolean;
  /** What is known for `id`, else what `load` finds. Loads of one id at a time are shared; a load that throws is not kept. */
  readonly get: (id: string, load: () => Promise<Principal | null>) => Principal | null | Promise<Principal | null>;
}

interface Entry {
  readonly principal: Principal | null;
  readonly until: number;
}

/** A bounded {@link PrincipalCache}. A Map keeps the order of insertion, so its first key is the oldest. */
export function createPrincipalCache({ size, lives, now }: PrincipalCacheOptions): PrincipalCache {
  const entries = new Map<string, Entry>();
  const loads = new Map<string, Promise<Principal | null>>();
  const keep = (id: string, principal: Principal | null): void => {
    entries.delete(id);
    entries.set(id, { principal, until: now() + (principal === null ? lives.refused : lives.accepted) });
    if (entries.size <= size) return;
    const oldest = entries.keys().next();
    if (oldest.done !== true) entries.delete(oldest.value);
  };
  const start = (id: string, load: () => Promise<Principal | null>): Promise<Principal | null> => {
    const loading = load()
      .then((principal) => {
        keep(id, principal);
        return principal;
      })
      .finally(() => loads.delete(id));
    loads.set(id, loading);
    return loading;
  };
  return {
    wasGood: (id) => (entries.get(id)?.principal ?? null) !== null,
    get: (id, load) => {
      const entry = entries.get(id);
      if (entry !== undefined && entry.until > now()) return entry.principal;
      return loads.get(id) ?? start(id, load);
    },
  };
}
