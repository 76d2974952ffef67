import type { Next } from "../../calls/call.ts";
import type { VerifyConfig } from "../../config/config.ts";
import type { Tool } from "../surface.ts";
import { mapArguments } from "./arguments.ts";
import type { Reading } from "./resource.ts";
import type { UriTemplate, Variables } from "./uriTemplate.ts";

/** Whether a resource is where its URI says. */
export interface Verification {
  /** Variables that it uses. */
  readonly variables: readonly string[];
  /** Asks the Tool that knows, where it is another one than the resource's. Throws what that throws. */
  readonly before: (asked: Asked) => Promise<boolean>;
  /** Looks at what the resource's own Tool answered, where no other one was asked. */
  readonly fits: (result: unknown, values: Variables) => boolean;
}

interface Asked {
  readonly reading: Reading;
  readonly values: Variables;
  readonly nowMs: number;
}

export interface VerifyParts {
  readonly template: UriTemplate;
  readonly find: (name: string) => Tool | undefined;
  readonly run: Next;
  readonly fault: (part: string, message: string) => void;
}

/** The check of one configured resource. */
export function createVerification(config: VerifyConfig, { template, find, run, fault }: VerifyParts): Verification {
  const { fields, tool: name } = config;
  const tool = name === undefined ? undefined : find(name);
  if (name !== undefined && tool?.effect !== "read")
    fault("verify", `there is no tool ${name} that reads, to verify with`);
  const variables = Object.values(fields).flatMap((value) => variablesIn(value));
  for (const variable of variables)
    if (!template.variables.includes(variable)) fault("verify", `{${variable}} is no variable of ${template.text}`);
  const own = { arguments: config.arguments ?? {}, parameters: {}, bound: [] };
  const map =
    tool === undefined
      ? undefined
      : mapArguments(own, { template, tool, elsewhere: template.variables }, (_, message) => fault("verify", message));
  const fits = (answer: unknown, values: Variables): boolean =>
    Object.entries(fields).every(([path, wanted]) =>
      isThere(
        pick(answer, path),
        wanted.replace(/\{(\w+)\}/g, (_, variable: string) => values[variable] ?? ""),
      ),
    );
  return {
    variables,
    before: async ({ reading, values, nowMs }) => {
      if (tool === undefined || map === undefined) return true;
      const { structured } = await run({ ...reading, tool, args: map.argumentsOf(values, nowMs).args });
      return fits(answerOf(tool, structured), values);
    },
    fits: (result, values) => tool !== undefined || fits(result, values),
  };
}

function variablesIn(text: string): readonly string[] {
  return [...text.matchAll(/\{(\w+)\}/g)].map(([, name]) => name ?? "");
}

function isThere(found: unknown, wanted: string): boolean {
  return Array.isArray(found) ? found.some((one) => String(one) === wanted) : String(found) === wanted;
}

/** What a Tool answers, without the envelope of one object: that is what paths of the configuration begin in. */
export function answerOf({ kind }: Pick<Tool, "kind">, structured: unknown): unknown {
  return kind === "get" ? (pick(structured, "item") ?? structured) : structured;
}

/** What stands at a dot path; undefined where nothing does. */
export function pick(value: unknown, path: string): unknown {
  let inner = value;
  for (const key of path.split(".")) {
    if (typeof inner !== "object" || inner === null || !Object.hasOwn(inner, key)) return undefined;
    inner = (inner as Readonly<Record<string, unknown>>)[key]; // an object, as just checked
  }
  return inner;
}
