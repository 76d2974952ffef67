import type { Principal } from "../auth/principal.ts";
import { at } from "../calls/credentialCheck.ts";
import type { StdioConfig, StdioLookup } from "../config/config.ts";
import { placeholdersOf, type Settings, saidBy, settingFor } from "../config/stdio.ts";
import { GatewayError } from "../errors.ts";
import type { Serving } from "../serving.ts";

export interface LookingUp {
  readonly declared: StdioConfig;
  readonly settings: Settings;
  readonly caller: () => Promise<Principal>;
  readonly read: Serving["read"];
  /** Name of the Surface whose upstream is asked. */
  readonly surface: string;
}

/**
 * The settings with those that nobody gave, as far as a lookup finds them: by the slug that a person knows, or by the host that is
 * called. Throws `invalid_request` where the API has none or several: to serve another page than was meant is worse than none.
 */
export async function lookUp(looking: LookingUp): Promise<Settings> {
  const { declared, settings } = looking;
  const values = new Map(settings.values);
  const url = settingFor(declared, settings, "url")?.value;
  const host = url === undefined ? undefined : URL.parse(url)?.hostname;
  for (const lookup of declared.resolve) {
    const known = new Map([...values, ...(host === undefined ? [] : [["host", host] as const])]);
    if (values.has(lookup.setting) || placeholdersOf(lookup).some((name) => !known.has(name))) continue;
    values.set(lookup.setting, await found(looking, lookup, known));
  }
  return { ...settings, values };
}

async function found(
  { declared, caller, read, surface }: LookingUp,
  lookup: StdioLookup,
  known: ReadonlyMap<string, string>,
): Promise<string> {
  const fill = (text: string): string =>
    text.replace(/\{([a-z][a-z0-9-]*)\}/g, (_all, name: string) => known.get(name) ?? "");
  const filled = (texts: Readonly<Record<string, string>>): Record<string, string> =>
    Object.fromEntries(Object.entries(texts).map(([name, text]) => [name, fill(text)]));
  const args = filled(lookup.arguments);
  const { structured } = await read({ surface, tool: lookup.tool, args, principal: await caller() });
  const wanted = Object.entries(filled(lookup.match));
  const items = itemsOf(structured).filter((item) => wanted.every(([path, text]) => String(at(item, path)) === text));
  const value = items.length === 1 ? at(items[0], lookup.value) : undefined;
  if (typeof value === "string" || typeof value === "number") return String(value);
  const asked = placeholdersOf(lookup).map((name) => `${name} "${known.get(name)}"`);
  const what = saidBy(lookup.setting, declared.settings[lookup.setting]?.env);
  const why =
    items.length > 1
      ? `${items.length} of them fit`
      : items.length === 0
        ? "there is none"
        : `it has no ${lookup.value}`;
  throw new GatewayError("invalid_request", `${what} could not be looked up by ${asked.join(" and ")}: ${why}`, {
    next: `Give ${what} itself.`,
  });
}

/** Of a List its items, of a Get the one. */
function itemsOf(structured: Readonly<Record<string, unknown>> | undefined): readonly unknown[] {
  const { items, item } = structured ?? {};
  if (Array.isArray(items)) return items;
  return item === undefined ? [structured] : [item];
}
