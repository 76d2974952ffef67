import type { CrudKind, ResourceType, TypedResourceType } from "../descriptor.ts";
import { GatewayError } from "../errors.ts";
import type { Call, Interceptor, Next, Outcome } from "./call.ts";

/** Arguments of a Tool as a hook sees them: the noun's own fields are typed, ids and control arguments are not. */
export type HookArguments<Shape> = Readonly<Partial<Shape> & Record<string, unknown>>;

/** What a hook knows of the Call it stands around. */
export interface HookCall<Shape> extends Omit<Call, "args"> {
  readonly args: HookArguments<Shape>;
}

/**
 * The API owner's code around one Tool. Throw a GatewayError to refuse; its message and `next` reach the model.
 * - `before` may return other arguments; they are authorised, and validated, as the caller's own are.
 * - `instead` answers in place of the API; `before` and validation come first.
 * - `after` may return another Outcome. It does not run when the Call failed, or was a dry run.
 */
export interface Hook<Shape = Record<string, unknown>> {
  readonly before?: (
    call: HookCall<Shape>,
  ) => HookArguments<Shape> | undefined | Promise<HookArguments<Shape> | undefined>;
  readonly instead?: (call: HookCall<Shape>) => Outcome | Promise<Outcome>;
  readonly after?: (outcome: Outcome, call: HookCall<Shape>) => Outcome | Promise<Outcome>;
}

/** A Hook and the name of the Tool it is for. */
export interface ToolHook {
  readonly tool: string;
  readonly hook: Hook;
}

/**
 * A Hook for one Tool of a ResourceType: a kind (`"create"`), or the name of an action. `Shape` comes from the generated
 * constant, so a misspelt field does not compile. Throws `invalid_request` when the ResourceType has no such Tool.
 *
 * ```ts
 * export const hooks = [
 *   defineHook(incident, "create", { before: ({ args }) => ({ ...args, labels: ["ai", ...(args.labels ?? [])] }) }),
 * ];
 * ```
 */
export function defineHook<Shape>(
  resource: TypedResourceType<Shape>,
  kindOrAction: CrudKind | (string & {}),
  hook: Hook<Shape>,
): ToolHook {
  const spec = toolOf(resource, kindOrAction);
  if (spec === undefined)
    throw new GatewayError(
      "invalid_request",
      `${resource.name} has no tool or action "${kindOrAction}"; it has: ${offered(resource)}`,
    );
  return { tool: spec.name, hook: hook as Hook }; // the Shape exists in types alone
}

function toolOf({ tools, actions }: ResourceType, name: string): { readonly name: string } | undefined {
  if (Object.hasOwn(tools, name)) return tools[name as CrudKind]; // hasOwn says so
  return Object.hasOwn(actions, name) ? actions[name] : undefined;
}

function offered({ tools, actions }: ResourceType): string {
  return [...Object.keys(tools), ...Object.keys(actions)].join(", ");
}

/** The hooks of a gateway by Tool. Throws `invalid_request` when one names no Tool, or two name one. */
export function hookIndex(
  hooks: readonly ToolHook[],
  catalog: { readonly find: (name: string) => unknown },
): ReadonlyMap<string, Hook> {
  const index = new Map<string, Hook>();
  for (const { tool, hook } of hooks) {
    if (catalog.find(tool) === undefined)
      throw new GatewayError("invalid_request", `a hook is for the tool "${tool}", which is not in the catalog`);
    if (index.has(tool)) throw new GatewayError("invalid_request", `two hooks are for the tool ${tool}; make them one`);
    index.set(tool, hook);
  }
  return index;
}

/** Runs `before` and `after`. Replaced arguments pass `authorize` again. */
export function hooking(hooks: ReadonlyMap<string, Hook>, authorize: (call: Call) => void): Interceptor {
  return (next) => async (call) => {
    const hook = hooks.get(call.tool.name);
    if (hook === undefined) return next(call);
    const args = await hook.before?.(call);
    const inner = args === undefined ? call : { ...call, args };
    if (args !== undefined) authorize(inner);
    const outcome = await next(inner);
    return hook.after === undefined || outcome.isDryRun ? outcome : hook.after(outcome, inner);
  };
}

/** `next`, or the Tool's `instead`. */
export function insteadOf(hooks: ReadonlyMap<string, Hook>, next: Next): Next {
  return async (call) => {
    const instead = hooks.get(call.tool.name)?.instead;
    return instead === undefined ? next(call) : instead(call);
  };
}
