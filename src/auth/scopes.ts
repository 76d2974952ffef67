import type { ScopesConfig } from "../config/config.ts";
import type { Effect } from "../descriptor.ts";

/** Lets a key manage the keys of its organisation. Included in no other scope: it has to be given by name. */
export const adminScope = "admin.keys";

/** Last word of a resource scope (`monitor.write`), by Effect. */
export const effectWords: Readonly<Record<Effect, string>> = { read: "read", write: "write", destroy: "delete" };

/** The Effects, in the order in which their words are read. */
export const effects: readonly Effect[] = ["read", "write", "destroy"];

/** `held` and everything that they include in the hierarchy, at any depth; a cycle is harmless. */
export function includedScopes(held: readonly string[], hierarchy: ScopesConfig["hierarchy"]): ReadonlySet<string> {
  const seen = new Set(held);
  for (const one of seen) if (Object.hasOwn(hierarchy, one)) for (const next of hierarchy[one] ?? []) seen.add(next); // a Set visits what is added while it is walked
  return seen;
}

/**
 * The scopes that words stand for: `read`, `write` and `delete` are the configured scopes of the Effects, `full` is all three,
 * and any other word is a scope by its own name. So `read` is the preset Read-only, `read write` Read & write (without delete).
 */
export function scopesOfWords(words: readonly string[], { effects: scopeOf }: ScopesConfig): readonly string[] {
  const named = words.flatMap((word) => {
    if (word === "full") return effects.map((effect) => scopeOf[effect]);
    const effect = effects.find((one) => effectWords[one] === word);
    return effect === undefined ? [word] : [scopeOf[effect]];
  });
  return [...new Set(named)];
}
