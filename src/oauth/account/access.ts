import { effects, effectWords, includedScopes, scopesOfWords } from "../../auth/scopes.ts";
import type { ScopesConfig } from "../../config/config.ts";
import { wordsOf } from "../interaction/words.ts";
import { askedScope } from "../interactions.ts";

/** The three sets of rights that people choose from (DESIGN §3). */
export const presets = {
  read: { label: "Read-only", words: ["read"] },
  write: { label: "Read & write", words: ["read", "write"] },
  full: { label: "Full access", words: ["full"] },
} as const;

export type PresetName = keyof typeof presets;

/** What a key or Connection may do, for people. */
export interface Access {
  /** `Read-only`, `Read & write`, `Full access`; `Custom` for any other set. */
  readonly label: string;
  /** One line per scope. */
  readonly words: readonly string[];
}

export interface AccessOptions {
  readonly scopes: ScopesConfig;
  /** Name of the brand. */
  readonly brand: string;
  /** `oauth.consent.words`. */
  readonly words: Readonly<Record<string, string>>;
}

/** {@link Access} of scopes. */
export function accessOf(held: readonly string[], { scopes, brand, words }: AccessOptions): Access {
  return {
    label: presetOf(held, scopes) ?? "Custom",
    words: held.map((scope) => wordsOf(askedScope(scope, scopes), brand, words)),
  };
}

/** Two sets of scopes are the same when they include the same Effects, and name nothing else. */
function presetOf(held: readonly string[], scopes: ScopesConfig): string | undefined {
  const included = includedScopes(held, scopes.hierarchy);
  const known: readonly string[] = effects.map((effect) => scopes.effects[effect]);
  if (held.some((scope) => !known.includes(scope))) return undefined;
  const nameOf = (all: ReadonlySet<string>): string =>
    effects.flatMap((effect) => (all.has(scopes.effects[effect]) ? [effectWords[effect]] : [])).join(" ");
  return Object.values(presets).find(
    ({ words }) => nameOf(includedScopes(scopesOfWords(words, scopes), scopes.hierarchy)) === nameOf(included),
  )?.label;
}
