import { parseArgs } from "node:util";
import type { Schema } from "../descriptor.ts";
import { GatewayError } from "../errors.ts";
import { Secret } from "../telemetry/secret.ts";
import type { StdioConfig, StdioLookup, StdioSetting, StdioTarget } from "./config.ts";
import { flagValue, secret, type Variables } from "./environment.ts";
import type { Source } from "./faults.ts";

const text: Schema = { type: "string", minLength: 1 };
const closed = (properties: Record<string, Schema>, required: readonly string[] = []): Schema => ({
  type: "object",
  additionalProperties: false,
  properties,
  ...(required.length > 0 && { required }),
});
const words = ["url", "credential", "tools", "toolsets", "excludeTools", "readOnly", "actor"] as const;
const template: Schema = { type: "string", pattern: "\\{\\}" };

const setting: Schema = closed({
  env: { type: "string", pattern: "^[A-Za-z_][A-Za-z0-9_]*$" },
  required: { type: "boolean" },
  description: text,
  to: {
    anyOf: [
      { enum: [...words] },
      closed({ argument: text, elsewhere: { const: "allow" } }, ["argument"]),
      closed({ header: { type: "string", pattern: "^[!#$%&'*+.^_`|~0-9A-Za-z-]+$" } }, ["header"]),
      closed({ basePath: template }, ["basePath"]),
      closed({ host: template }, ["host"]),
    ],
  },
});

const texts: Schema = { type: "object", additionalProperties: text };

/** The part `stdio` of gateway.yaml. */
export const stdioSchema: Schema = closed({
  surface: text,
  settings: {
    type: "object",
    propertyNames: { pattern: "^[a-z][a-z0-9-]*$" },
    additionalProperties: setting,
  } as Schema, // propertyNames is no keyword of the profile that codegen emits
  resolve: {
    type: "array",
    items: closed({ setting: text, tool: text, arguments: texts, match: texts, value: text }, ["setting", "tool"]),
  },
});

/** The part `stdio` as written. */
export interface StdioFile {
  readonly surface?: string;
  readonly settings?: Readonly<Record<string, Partial<StdioSetting>>>;
  readonly resolve?: readonly (Pick<StdioLookup, "setting" | "tool"> & Partial<StdioLookup>)[];
}

/** What every stdio server takes, whatever is declared: other spellings of `--upstream`, `UPSTREAM_API_KEY` and `--tools`. */
const aliases: StdioConfig["settings"] = {
  "base-url": { to: "url", required: false, description: "base URL of the API" },
  "api-token": { to: "credential", required: false, description: "the key that is sent to the API" },
  "allowed-tools": { to: "tools", required: false, description: "offer only these tools, with commas" },
};

/** With every default filled in. */
export function resolveStdio({ surface, settings = {}, resolve = [] }: StdioFile = {}): StdioConfig {
  const declared = Object.entries(settings).map(([flag, one]) => [flag, { required: false, ...one }] as const);
  return {
    ...(surface !== undefined && { surface }),
    settings: { ...aliases, ...Object.fromEntries(declared) },
    resolve: resolve.map((lookup) => ({ arguments: {}, match: {}, value: "id", ...lookup })),
  };
}

/** What is wrong with a `stdio` whose schema is right, with file and line. */
export function stdioFaults(
  source: Source,
  file: StdioFile | undefined,
  surfaces: readonly string[],
): readonly string[] {
  const { surface, settings, resolve } = resolveStdio(file);
  const faults: string[] = [];
  const fault = (path: readonly string[], message: string): unknown =>
    faults.push(`${source.file}:${source.lineOf(path)}: ${path.join(".")}${message}`);
  if (surface !== undefined && !surfaces.includes(surface))
    fault(["stdio", "surface"], ` is "${surface}"; declared surfaces: ${surfaces.join(", ")}`);
  const variables = new Map<string, string>();
  for (const [flag, { env }] of Object.entries(settings)) {
    const other = env === undefined ? undefined : variables.get(env);
    if (other !== undefined) fault(["stdio", "settings", flag, "env"], ` is ${env}, as that of ${other} is`);
    if (env !== undefined) variables.set(env, flag);
  }
  for (const [index, lookup] of resolve.entries()) {
    const path = ["stdio", "resolve", String(index)];
    const unknown = [lookup.setting, ...placeholdersOf(lookup)].filter(
      (name) => name !== "host" && !(name in settings),
    );
    for (const name of unknown) fault(path, ` names the setting "${name}", which is not declared`);
  }
  return faults;
}

/** Names of the settings that a lookup asks for; `host` for the host of the base URL. */
export function placeholdersOf({
  arguments: args,
  match,
}: Pick<StdioLookup, "arguments" | "match">): readonly string[] {
  const all = [...Object.values(args), ...Object.values(match)];
  return [
    ...new Set(all.flatMap((one) => [...one.matchAll(/\{([a-z][a-z0-9-]*)\}/g)].map((found) => found[1] as string))),
  ];
}

/** What a stdio server was told. */
export interface Settings {
  /** By the name of the flag. Without the credential. */
  readonly values: ReadonlyMap<string, string>;
  readonly credential?: Secret;
  /** For people. */
  readonly warnings: readonly string[];
}

/**
 * The settings of a command line and an environment: a flag beats its variable. Throws one `invalid_request` (usage) that says all
 * that is wrong, with what was probably meant. What is required may still be looked up, so that is not looked at here.
 */
export function readSettings({ settings }: StdioConfig, argv: readonly string[], variables: Variables): Settings {
  const faults: string[] = [];
  const flags = readFlags(settings, argv, faults);
  const values = new Map<string, string>();
  const warnings: string[] = [];
  let credential: Secret | undefined;
  for (const [flag, { env, to }] of Object.entries(settings)) {
    if (to === "credential") {
      const told = flags.get(flag);
      if (told !== undefined) warnings.push(exposed(flag, env));
      if (told !== undefined) credential = new Secret(told);
      else if (env !== undefined) credential = secret(variables, env, faults) ?? credential;
      continue;
    }
    const value = flags.get(flag) ?? (env === undefined ? undefined : variables[env]?.trim());
    if (value === undefined || value === "") continue;
    if (to === "readOnly") flagValue(env ?? `--${flag}`, value, faults);
    if (to === "url" && !isHttpUrl(value))
      faults.push(`${saidBy(flag, env)} is not an http(s) URL without user, query and fragment`);
    if (!/^[^\p{Cc}]+$/u.test(value)) faults.push(`${saidBy(flag, env)} contains control characters`);
    values.set(flag, value);
  }
  if (faults.length > 0) throw usage(faults.join("\n"));
  return { values, ...(credential && { credential }), warnings };
}

/** Without what nobody has filled in: clients that install bundles leave the name of a field in its place. */
export function withoutForms(variables: Variables): Variables {
  return Object.fromEntries(
    Object.entries(variables).filter(([, value]) => !/^\$\{user_config\.[^}]*\}$/.test(value?.trim() ?? "")),
  );
}

function exposed(flag: string, env: string | undefined): string {
  return `warning: other users of this machine can read --${flag} in the list of processes; set ${env ?? "UPSTREAM_API_KEY"} instead`;
}

function readFlags(
  settings: StdioConfig["settings"],
  argv: readonly string[],
  faults: string[],
): ReadonlyMap<string, string> {
  const options = Object.fromEntries(
    Object.entries(settings).map(([flag, { to }]) => [
      flag,
      { type: to === "readOnly" ? "boolean" : "string" } as const,
    ]),
  );
  const { tokens } = parseArgs({ args: [...argv], options, strict: false, tokens: true });
  const found = new Map<string, string>();
  for (const token of tokens) {
    if (token.kind === "option-terminator") continue;
    if (token.kind === "positional") {
      faults.push(`"${token.value}" belongs to no setting; give each as --name value`);
      continue;
    }
    const declared = Object.hasOwn(settings, token.name) ? settings[token.name] : undefined;
    if (declared === undefined) {
      const near = nearestFlag(token.name, Object.keys(settings));
      faults.push(
        `there is no setting ${token.rawName}; ${near === undefined ? `there are ${allFlags(settings)}` : `did you mean --${near}?`}`,
      );
    } else if (declared.to === "readOnly") found.set(token.name, token.value ?? "true");
    else if (token.value === undefined || token.value === "") faults.push(`--${token.name} needs a value`);
    else found.set(token.name, token.value);
  }
  return found;
}

function allFlags(settings: StdioConfig["settings"]): string {
  return Object.keys(settings)
    .map((flag) => `--${flag}`)
    .join(", ");
}

/** A flag that begins as another does, or has all of its letters but one or two in the same places. */
function nearestFlag(given: string, flags: readonly string[]): string | undefined {
  const distance = (flag: string): number =>
    [...flag].filter((letter, index) => given[index] !== letter).length + Math.abs(flag.length - given.length);
  const [best] = flags.map((flag) => ({ flag, far: distance(flag) })).sort((a, b) => a.far - b.far);
  const begun = flags.find((flag) => given.length > 2 && (flag.startsWith(given) || given.startsWith(flag)));
  return begun ?? (best !== undefined && best.far <= 2 ? best.flag : undefined);
}

/**
 * Throws `invalid_request` (usage) that names every required setting that has no value, by variable and flag. `before` the lookups
 * those are let pass that one may find.
 */
export function assertComplete(
  { settings, resolve }: StdioConfig,
  { values, credential }: Settings,
  when: "before" | "after",
): void {
  const missing = Object.entries(settings).filter(
    ([flag, { required, to }]) =>
      required &&
      (to === "credential" ? credential === undefined : !values.has(flag)) &&
      !(when === "before" && resolve.some((lookup) => lookup.setting === flag)),
  );
  const faults = missing.map(([flag, { env }]) => {
    const ways = resolve
      .filter((lookup) => lookup.setting === flag)
      .map((lookup) => placeholdersOf(lookup).map((name) => settingName(settings, name)))
      .filter((names) => names.length > 0)
      .map((names) => names.join(" and "));
    const other = ways.length === 0 ? "" : `; or ${ways.join(", or ")}, to have it looked up`;
    return `${saidBy(flag, env)} is not set${other}`;
  });
  if (faults.length > 0) throw usage(faults.join("\n"));
}

function settingName(settings: StdioConfig["settings"], flag: string): string {
  const { env } = settings[flag] ?? {};
  return env ?? `--${flag}`;
}

/** `STATIBEAT_PAGE_ID (--page-id)`. */
export function saidBy(flag: string, env: string | undefined): string {
  return env === undefined ? `--${flag}` : `${env} (--${flag})`;
}

function isHttpUrl(value: string): boolean {
  const url = URL.parse(value);
  return (
    url !== null && /^https?:$/.test(url.protocol) && `${url.username}${url.password}${url.search}${url.hash}` === ""
  );
}

function usage(message: string): GatewayError {
  return new GatewayError("invalid_request", message, { data: { usage: true } });
}

/** The first setting that is for `target` and has a value, with the name that it was said by. */
export function settingFor(
  { settings }: StdioConfig,
  { values }: Settings,
  target: Extract<StdioTarget, string>,
): { readonly value: string; readonly saidBy: string } | undefined {
  for (const [flag, { to, env }] of Object.entries(settings)) {
    const value = to === target ? values.get(flag) : undefined;
    if (value !== undefined) return { value, saidBy: saidBy(flag, env) };
  }
  return undefined;
}
