/** Arguments that mean the same on every Tool; an API's own of that name gives way. DESIGN §6.1. */
const controls: ReadonlySet<string> = new Set([
  "limit",
  "cursor",
  "fields",
  "dry_run",
  "idempotency_key",
  "confirmation_token",
  "notify",
]);

/** Property names that the strictest known client takes (Anthropic's API: `^[a-zA-Z0-9_.-]{1,64}$`). */
const legal = /^[a-zA-Z0-9_.-]{1,64}$/;

/** Gives arguments their names, each once. */
export interface ArgNames {
  /**
   * The argument for a wire name: the name itself where it can be, else one near it. A yes-or-no `notify` of the API's own
   * keeps its name: it is the very flag that the control argument is mapped to.
   */
  readonly take: (name: string, isFlag?: boolean) => string;
}

/** `wireNames` are all that will be asked for: an argument made up for one never takes the name of another. */
export function argNames(wireNames: readonly string[]): ArgNames {
  const taken = new Set<string>();
  const own = new Set(wireNames);
  return {
    take: (name, isFlag = false) => {
      const base = legalName(name);
      const isControl = (candidate: string) => controls.has(candidate) && !(candidate === "notify" && isFlag);
      const isFree = (candidate: string) =>
        !isControl(candidate) && !taken.has(candidate) && (candidate === name || !own.has(candidate));
      const numbered = (at: number): string => (at < 2 ? `${base}_value` : `${base}_value${at}`);
      let found = base;
      for (let at = 1; !isFree(found); at++) found = numbered(at);
      taken.add(found);
      return found;
    },
  };
}

/** `filter[status]` → `filter_status`, `$top` → `top`, `@odata.type` → `odata.type`. */
function legalName(name: string): string {
  if (legal.test(name) && name !== "__proto__") return name;
  const plain = name
    .normalize("NFKD")
    .replace(/[^a-zA-Z0-9_.-]+/g, "_")
    .replace(/^[_.-]+|[_.-]+$/g, "")
    .slice(0, 56);
  return plain === "" ? "value" : plain;
}
