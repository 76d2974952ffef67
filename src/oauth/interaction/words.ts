import { effects } from "../../auth/scopes.ts";
import type { Effect } from "../../descriptor.ts";
import type { AskedScope } from "../port.ts";

/** Scopes of one Effect under a heading for people; null: those of the API owner's own that no Effect has. */
export interface ScopeGroup {
  readonly effect: Effect | null;
  readonly heading: string;
  readonly scopes: readonly { readonly scope: string; readonly words: string }[];
}

const headings: Readonly<Record<Effect, string>> = {
  read: "Look",
  write: "Create and change",
  destroy: "Delete",
};

/** Scopes as people read them, what looks first, what deletes last. Groups without scopes are left out. */
export function groupsOf(
  scopes: readonly AskedScope[],
  { brand, words }: { readonly brand: string; readonly words: Readonly<Record<string, string>> },
): readonly ScopeGroup[] {
  return [...effects, null]
    .map((effect) => ({
      effect,
      heading: effect === null ? "Besides" : headings[effect],
      scopes: scopes
        .filter((one) => one.effect === effect)
        .map((one) => ({ scope: one.scope, words: wordsOf(one, brand, words) })),
    }))
    .filter((group) => group.scopes.length > 0);
}

/** One scope in plain words: what a program with it can do. */
export function wordsOf(
  { scope, effect, resource }: AskedScope,
  brand: string,
  words: Readonly<Record<string, string>>,
): string {
  const own = Object.hasOwn(words, scope) ? words[scope] : undefined;
  if (own !== undefined) return own;
  if (effect === null) return `What ${brand} calls “${scope}”`;
  const things = resource === undefined ? null : resource.replaceAll("_", " ");
  switch (effect) {
    case "read":
      return things === null ? `Read everything that you can see in ${brand}` : `Read what concerns ${things}`;
    case "write":
      return things === null
        ? `Create and change things in ${brand} for you`
        : `Create and change what concerns ${things}`;
    case "destroy":
      return things === null ? `Delete things in ${brand} for you` : `Delete what concerns ${things}`;
    default:
      return effect satisfies never;
  }
}
