import type { Principal } from "../auth/principal.ts";
import { effects, effectWords, includedScopes } from "../auth/scopes.ts";
import type { ScopesConfig } from "../config/config.ts";

/**
 * Whether a principal holds all of `scopes`, itself or by one that includes it: `mcp.write` includes `monitor.write`. One whose
 * scopes are null may do everything.
 */
export function createHolds(config: ScopesConfig): (principal: Principal, scopes: readonly string[]) => boolean {
  return ({ scopes: held }, wanted) => {
    if (held === null || wanted.length === 0) return true;
    const all = includedScopes(held, config.hierarchy);
    return wanted.every((scope) => all.has(scope) || holdsByEffect(all, scope, config));
  };
}

/** `monitor.write` is part of whatever is all writing. */
function holdsByEffect(held: ReadonlySet<string>, scope: string, { effects: scopeOf }: ScopesConfig): boolean {
  const word = /^[a-z0-9_]+\.(\w+)$/.exec(scope)?.[1];
  const effect = effects.find((one) => effectWords[one] === word);
  return effect !== undefined && held.has(scopeOf[effect]);
}
