import type { Next, Outcome } from "../../calls/call.ts";
import type { ResourceConfig } from "../../config/config.ts";
import { GatewayError } from "../../errors.ts";
import { type CompletionParts, completesFor } from "../completions.ts";
import type { Principal, Tool } from "../surface.ts";
import { mapArguments } from "./arguments.ts";
import { gather } from "./gather.ts";
import { type Resource, type ResourceContents, type ResourceState, unknownResource } from "./resource.ts";
import { parseUriTemplate } from "./uriTemplate.ts";
import { answerOf, createVerification, pick } from "./verify.ts";

/** What configured resources are made with. */
export interface ToolResourceParts extends CompletionParts {
  /** The Tool of that name or alias, of all that the API has. */
  readonly find: (name: string) => Tool | undefined;
  readonly permits: (principal: Principal, tool: Tool) => boolean;
  /** Whether the principal holds all of these scopes. */
  readonly holds: (principal: Principal, scopes: readonly string[]) => boolean;
  readonly run: Next;
  /** Bytes of a result. */
  readonly resultBytes: number;
  /** Milliseconds since the epoch. Default `Date.now`. */
  readonly now?: () => number;
}

/**
 * A resource of gateway.yaml: a view over a Tool that reads. It is there for whoever may use the Tool and holds its scopes, and
 * a read is a Call of the Tool like any other. What is wrong with it is told to `fault`, each with its place in the file.
 */
export function createToolResource(
  config: ResourceConfig,
  parts: ToolResourceParts,
  fault: (message: string) => void,
): Resource | undefined {
  const faultIn = (part: string, message: string): void =>
    fault(
      `${config.lines[part] ?? config.lines[part.split(".")[0] ?? ""] ?? config.lines[""] ?? config.name}: ${message}`,
    );
  const tool = parts.find(config.tool);
  if (tool === undefined) {
    faultIn("tool", `resource ${config.name}: there is no tool ${config.tool}; specgate tools list shows the names`);
    return undefined;
  }
  if (tool.effect !== "read") {
    faultIn("tool", `resource ${config.name}: ${tool.name} changes something; a resource only reads`);
    return undefined;
  }
  const template = templateOf(config, faultIn);
  if (template === undefined) return undefined;
  const own = (part: string, message: string): void => faultIn(part, `resource ${config.name}: ${message}`);
  const verification =
    config.verify && createVerification(config.verify, { template, find: parts.find, run: parts.run, fault: own });
  const elsewhere = verification?.variables ?? [];
  const map = mapArguments(config, { template, tool, elsewhere }, own);
  const { name, title, description, scopes, bound, pollMs, path } = config;
  const complete = completesFor(
    {
      names: template.variables,
      declared: config.complete,
      schemas: Object.fromEntries(
        Object.entries(map.variableOf).map(([arg, variable]) => [
          variable,
          tool.definition.inputSchema.properties?.[arg] ?? {},
        ]),
      ),
      fault: (variable, message) => faultIn(`complete.${variable}`, `resource ${config.name}: ${message}`),
    },
    parts,
  );
  return {
    template,
    definition: {
      name,
      ...(title !== undefined && { title }),
      ...(description !== undefined && { description }),
      mimeType: "application/json",
    },
    permits: (principal) =>
      parts.permits(principal, tool) && parts.holds(principal, scopes) && bound.every((arg) => isFixed(principal, arg)),
    read: async (reading, uri, values) => {
      const nowMs = (parts.now ?? Date.now)();
      const { args, notes } = map.argumentsOf(values, nowMs);
      const asked = { reading, values, nowMs };
      try {
        const isElsewhere = (await verification?.before(asked)) === false;
        if (isElsewhere) throw unknownResource(uri, reading.principal.scopes);
        const outcome = await gather({ run: parts.run, tool, reading, args, maxBytes: parts.resultBytes });
        if (verification?.fits(answerOf(tool, outcome.structured), values) === false)
          throw unknownResource(uri, reading.principal.scopes);
        return stateOf(outcome, { uri, notes, path, tool });
      } catch (thrown) {
        throw hiddenOr(thrown, uri, reading.principal);
      }
    },
    ...(complete !== undefined && { complete }),
    ...(pollMs !== undefined && { pollMs }),
  };
}

function templateOf(
  { uri }: ResourceConfig,
  faultIn: (part: string, message: string) => void,
): ReturnType<typeof parseUriTemplate> | undefined {
  try {
    return parseUriTemplate(uri);
  } catch (thrown) {
    faultIn("uri", GatewayError.from(thrown).message);
    return undefined;
  }
}

/** Whether the principal's key has the argument filled in. */
function isFixed({ boundArguments }: Principal, arg: string): boolean {
  const binding = boundArguments?.[arg];
  return binding !== undefined && "fixed" in binding;
}

/** What is not there, or out of the principal's bounds, is no resource to it. */
function hiddenOr(thrown: unknown, uri: string, principal: Principal): unknown {
  const { code, facts } = GatewayError.from(thrown);
  const outOfBounds = code === "not_permitted" && facts.upstreamStatus === undefined;
  if (code !== "upstream_not_found" && code !== "unknown_tool" && !outOfBounds) return thrown;
  return unknownResource(uri, principal.scopes);
}

interface Shown {
  readonly uri: string;
  readonly notes: readonly string[];
  readonly path: string | undefined;
  readonly tool: Tool;
}

function stateOf({ structured, content }: Outcome, { uri, notes, path, tool }: Shown): ResourceState {
  if (structured === undefined) return { contents: (content ?? []).flatMap((block) => contentsOf(block, uri)) };
  const whole = answerOf(tool, structured);
  const picked = path === undefined ? whole : pick(whole, path);
  const value: Readonly<Record<string, unknown>> =
    typeof picked === "object" && picked !== null && !Array.isArray(picked)
      ? (picked as Readonly<Record<string, unknown>>) // an object, as just checked
      : Array.isArray(picked)
        ? { items: picked }
        : { value: picked ?? null };
  const text = JSON.stringify(withNotes(value, [...(picked === structured ? [] : notesIn(structured)), ...notes]));
  return { contents: [{ uri, mimeType: "application/json", text }], compared: JSON.stringify(value) };
}

/** What the Tool says beside what is shown. */
function notesIn({ notes }: Readonly<Record<string, unknown>>): readonly string[] {
  return Array.isArray(notes) ? notes.filter((note) => typeof note === "string") : [];
}

/** Beside notes of the Tool's own; an API that calls a field of its own so keeps it. */
function withNotes(value: Readonly<Record<string, unknown>>, notes: readonly string[]): object {
  if (notes.length === 0) return value;
  const own = value.notes;
  if (own === undefined || (Array.isArray(own) && own.every((one) => typeof one === "string")))
    return { ...value, notes: [...((own as readonly string[] | undefined) ?? []), ...notes] };
  return { ...value, _notes: notes };
}

function contentsOf(block: NonNullable<Outcome["content"]>[number], uri: string): readonly ResourceContents[] {
  const mimeType = typeof block.mimeType === "string" ? { mimeType: block.mimeType } : {};
  if (block.type === "text" && typeof block.text === "string")
    return [{ uri, mimeType: "text/plain", text: block.text }];
  if (typeof block.data === "string") return [{ uri, ...mimeType, blob: block.data }];
  if (typeof block.resource === "object" && block.resource !== null)
    return [{ ...(block.resource as ResourceContents), uri }]; // an embedded resource is one
  return [];
}
