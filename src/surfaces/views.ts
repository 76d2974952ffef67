import { createHash } from "node:crypto";
import type { Tool } from "../catalog/tool.ts";
import type { Principal } from "./surface.ts";
import type { ToolPages } from "./toolPages.ts";

/** What one class of principals sees. */
export interface View {
  readonly tools: readonly Tool[];
  readonly pages: ToolPages;
}

export interface ViewsOptions {
  /** The Tools of a principal, as it sees them. */
  readonly visible: (principal: Principal) => readonly Tool[];
  readonly pagesOf: (visible: readonly Tool[]) => ToolPages;
  /** Bytes of pages kept. Default 64 MiB. */
  readonly maxBytes?: number;
}

/** Classes whose View is known. Few exist in practice; the bound is against a flood of keys that each see something else. */
const maxClasses = 1_000;
/** Of requests that narrow, and the part of the bytes that they may have: what one caller makes up must not cost the others theirs. */
const maxNarrowed = 100;
const narrowedShare = 8;

/**
 * Views by class of principals: those with the same scopes, bound arguments and narrowing see the same. Classes that see the same
 * Tools unchanged share a View. What was not asked for longest is forgotten first, and made again when it is asked for; Views of
 * requests that narrow are kept apart.
 */
export function createViews(options: ViewsOptions): (principal: Principal) => View {
  const { maxBytes = 67_108_864 } = options;
  const whole = keepViews({ ...options, maxBytes, maxClasses });
  const narrowed = keepViews({ ...options, maxBytes: maxBytes / narrowedShare, maxClasses: maxNarrowed });
  return (principal) => (principal.narrowing === undefined ? whole(principal) : narrowed(principal));
}

type Keeping = ViewsOptions & { readonly maxBytes: number; readonly maxClasses: number };

function keepViews({ visible, pagesOf, maxBytes, maxClasses }: Keeping): (principal: Principal) => View {
  const classNames = new WeakMap<Principal, string>();
  /** In the order of their last use, the View of a class by the name of its set of Tools. */
  const setOfClass = new Map<string, string>();
  const views = new Map<string, View>();
  const classOf = (principal: Principal): string => {
    const name = classNames.get(principal) ?? className(principal);
    classNames.set(principal, name);
    return name;
  };
  const make = (principal: Principal, name: string): View => {
    const tools = visible(principal);
    // Two classes with bound arguments may see the same names with other schemas.
    const set = principal.boundArguments === undefined ? hashOf(tools.map((tool) => tool.name).join(" ")) : name;
    const view = views.get(set) ?? { tools, pages: pagesOf(tools) };
    setOfClass.set(name, set);
    use(views, set, view);
    return view;
  };
  const trim = (): void => {
    const oldestClass = setOfClass.keys().next();
    if (setOfClass.size > maxClasses && oldestClass.done !== true) setOfClass.delete(oldestClass.value);
    let bytes = [...views.values()].reduce((sum, { pages }) => sum + pages.bytes(), 0);
    for (const [set, { pages }] of views) {
      if (views.size <= 1 || (bytes <= maxBytes && views.size <= maxClasses)) break;
      views.delete(set);
      bytes -= pages.bytes();
    }
  };
  return (principal) => {
    const name = classOf(principal);
    const set = setOfClass.get(name);
    const known = set === undefined ? undefined : views.get(set);
    if (set !== undefined && known !== undefined) {
      use(setOfClass, name, set);
      use(views, set, known);
      return known;
    }
    trim();
    return make(principal, name);
  };
}

/** Puts an entry last. */
function use<Value>(entries: Map<string, Value>, name: string, value: Value): void {
  entries.delete(name);
  entries.set(name, value);
}

/** Scopes in an order of their own make no other class; an unverified key has none at all. */
function className({ scopes, boundArguments, narrowing }: Principal): string {
  const bound = Object.entries(boundArguments ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
  return hashOf(JSON.stringify([scopes === null ? null : [...scopes].sort(), bound, narrowing]));
}

function hashOf(text: string): string {
  return createHash("sha256").update(text).digest("base64url");
}
