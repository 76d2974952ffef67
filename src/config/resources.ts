import type {
  CompleteConfig,
  ParameterConfig,
  ResourceConfig,
  ResourceValue,
  VerifyConfig,
  WhoamiConfig,
} from "./config.ts";
import type { Source } from "./faults.ts";

/** An entry of `resources` as written. */
export interface ResourceFile {
  readonly uri?: string;
  readonly uriTemplate?: string;
  readonly name: string;
  readonly title?: string;
  readonly description?: string;
  readonly tool: string;
  readonly arguments?: Readonly<Record<string, ResourceValue>>;
  readonly parameters?: Readonly<Record<string, Omit<ParameterConfig, "min"> & { readonly min?: number }>>;
  readonly bound?: string | readonly string[];
  readonly scope?: string | readonly string[];
  readonly path?: string;
  readonly verify?: VerifyConfig;
  readonly poll?: string;
  readonly complete?: Readonly<Record<string, CompleteFile>>;
  /** Added where the file is read. */
  readonly lines?: Readonly<Record<string, string>>;
}

/** The name of a list tool, some values, or all of it. */
export type CompleteFile =
  | string
  | readonly string[]
  | {
      readonly tool: string;
      readonly value?: string;
      readonly labels?: string | readonly string[];
      readonly search?: string;
      readonly arguments?: Readonly<Record<string, ResourceValue>>;
    };

/** `whoami` as written. */
export type WhoamiFile = boolean | Partial<WhoamiConfig>;

/** Looked at more often than this, a resource costs the API more than its news are worth. */
const leastPollMs = 5_000;
const unitMs: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000 };

/** What a schema cannot say of the `resources` of a file, each fault with its line. */
export function resourceFaults(source: Source, resources: readonly ResourceFile[] = []): readonly string[] {
  return resources.flatMap((resource, index) => {
    const fault = (part: string, message: string): string =>
      `${source.file}:${source.lineOf(["resources", String(index), ...part.split(".")])}: resources.${index}${part && `.${part}`} ${message}`;
    const poll = resource.poll === undefined ? undefined : pollMsOf(resource.poll);
    return [
      ...((resource.uri === undefined) === (resource.uriTemplate === undefined)
        ? [fault("", "needs one of uri and uriTemplate")]
        : []),
      ...(poll !== undefined && poll < leastPollMs ? [fault("poll", `is ${resource.poll}; at least 5s`)] : []),
      ...Object.entries(resource.parameters ?? {}).flatMap(([name, { default: standard, min = 1, max }]) =>
        min <= standard && standard <= max
          ? []
          : [fault(`parameters.${name}`, `has the default ${standard}, which is not from ${min} to ${max}`)],
      ),
    ];
  });
}

/** `resources` with the place of each of their parts. */
export function withLines(source: Source, resources: readonly ResourceFile[]): readonly ResourceFile[] {
  return resources.map((resource, index) => {
    const at = (...path: string[]): string => `${source.file}:${source.lineOf(["resources", String(index), ...path])}`;
    const parts = Object.entries(resource).flatMap(([key, value]) => [
      [key === "uriTemplate" ? "uri" : key, at(key)] as const,
      ...(typeof value === "object" && value !== null && !Array.isArray(value)
        ? Object.keys(value).map((inner) => [`${key}.${inner}`, at(key, inner)] as const)
        : []),
    ]);
    return { ...resource, lines: { "": at(), ...Object.fromEntries(parts) } };
  });
}

/** A {@link ResourceConfig} with every default filled in. */
export function resolveResource(file: ResourceFile, index: number): ResourceConfig {
  const { uri, uriTemplate, scope, bound, poll, complete = {}, parameters = {}, lines, ...rest } = file;
  return {
    ...rest,
    uri: uri ?? uriTemplate ?? "",
    arguments: file.arguments ?? {},
    parameters: Object.fromEntries(Object.entries(parameters).map(([name, one]) => [name, { min: 1, ...one }])),
    bound: listOf(bound),
    scopes: listOf(scope),
    ...(poll !== undefined && { pollMs: pollMsOf(poll) }),
    complete: Object.fromEntries(Object.entries(complete).map(([name, one]) => [name, resolveComplete(one)])),
    lines: lines ?? { "": `resources.${index}` },
  };
}

export function resolveComplete(file: CompleteFile): CompleteConfig {
  if (typeof file !== "string" && "length" in file) return { values: file };
  const given = typeof file === "string" ? { tool: file } : file;
  const { labels, ...rest } = given as Exclude<CompleteFile, string | readonly string[]>; // those were dealt with
  return {
    value: "id",
    arguments: {},
    ...rest,
    labels: labels === undefined ? ["name", "title", "slug"] : listOf(labels),
  };
}

export function resolveWhoami(file: WhoamiFile | undefined, api: string): WhoamiConfig | undefined {
  if (file === undefined || file === false) return undefined;
  return { uri: `${api}://me`, ...(file === true ? {} : file) };
}

function pollMsOf(text: string): number {
  return Number(text.slice(0, -1)) * (unitMs[text.slice(-1)] ?? 1_000);
}

function listOf(given: string | readonly string[] = []): readonly string[] {
  return typeof given === "string" ? [given] : given;
}
