import type { Call, HandTool, Outcome } from "../../src/calls/call.ts";
import type { Effect, Schema } from "../../src/descriptor.ts";
import { GatewayError } from "../../src/errors.ts";

/** A HandTool from what differs between them. */
export function handTool(
  name: string,
  run: (call: Call) => Promise<Outcome>,
  given: { effect?: Effect; properties?: Record<string, Schema>; required?: string[]; aliases?: string[] } = {},
): HandTool {
  const { effect = "read", properties = {}, required = [], aliases = [] } = given;
  return {
    name,
    aliases,
    resource: "Widget",
    kind: "action",
    effect,
    definition: {
      name,
      title: name,
      description: `Runs ${name}.`,
      inputSchema: { type: "object", properties, required, additionalProperties: false },
      annotations: {
        title: name,
        readOnlyHint: effect === "read",
        destructiveHint: effect === "destroy",
        idempotentHint: effect === "read",
        openWorldHint: true,
      },
    },
    run,
  };
}

/** What tests watch and steer of the Tools of one gateway. */
export interface Widgets {
  readonly tools: readonly HandTool[];
  readonly deleted: string[];
  /** Resolves when `wait_widget` runs; its signal. */
  readonly waiting: Promise<AbortSignal>;
  /** Lets `wait_widget` go on. */
  readonly release: () => void;
}

/** One Tool per thing that the wire has to carry. */
export function widgetTools(): Widgets {
  const deleted: string[] = [];
  const waiting = Promise.withResolvers<AbortSignal>();
  const released = Promise.withResolvers<void>();
  const id: Record<string, Schema> = { id: { type: "string" } };
  const tools = [
    handTool("get_widget", async ({ args, principal }) => ({ structured: { id: args.id, caller: principal.id } }), {
      properties: id,
      required: ["id"],
      aliases: ["read_widget"],
    }),
    handTool("create_widget", async ({ args }) => ({ structured: { created: args.name } }), {
      effect: "write",
      properties: { name: { type: "string" } },
    }),
    handTool("delete_widget", (call) => deleteWidget(call, deleted), {
      effect: "destroy",
      properties: id,
      required: ["id"],
    }),
    handTool("refuse_widget", async () => {
      throw new GatewayError("upstream_conflict", "the widget is in use", { next: "Stop it first." });
    }),
    handTool("limit_widget", async () => {
      throw new GatewayError("rate_limited", "120 reads per minute", { retryAfterSeconds: 7 });
    }),
    handTool("crash_widget", async () => {
      throw new Error("secret 10.0.0.7 boom");
    }),
    handTool("talk_widget", async ({ notify }) => {
      notify({ type: "progress", progress: 1, total: 2 });
      notify({ type: "progress", progress: 1, total: 2 });
      notify({ type: "progress", progress: 2, total: 2, message: "done" });
      notify({ type: "log", level: "debug", data: "quiet" });
      notify({ type: "log", level: "warning", logger: "widgets", data: { loud: true } });
      return { structured: { said: true } };
    }),
    handTool("wait_widget", async ({ signal, notify }) => {
      notify({ type: "progress", progress: 1 });
      waiting.resolve(signal);
      const aborted = new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
      await Promise.race([released.promise, aborted]);
      return { structured: { aborted: signal.aborted } };
    }),
    handTool("roots_widget", async ({ ask }) => {
      const [roots] = await ask([{ key: "roots", method: "roots/list", params: {} }]);
      return { structured: { roots: roots?.roots } };
    }),
  ];
  return { tools, deleted, waiting: waiting.promise, release: () => released.resolve() };
}

/** Deletes after two questions in two rounds, so that answers of the first have to survive the second. */
async function deleteWidget({ args, ask }: Call, deleted: string[]): Promise<Outcome> {
  const [first] = await ask([confirm("confirm", `Delete ${String(args.id)}?`)]);
  if (first?.action !== "accept") return { structured: { deleted: false, why: first?.action } };
  const [second] = await ask([confirm("sure", "Really?")]);
  const yes = second?.action === "accept" && (second.content as { yes?: boolean } | undefined)?.yes === true;
  if (yes) deleted.push(String(args.id));
  return { structured: { deleted: yes } };
}

function confirm(key: string, message: string): Parameters<Call["ask"]>[0][number] {
  return {
    key,
    method: "elicitation/create",
    params: {
      message,
      requestedSchema: { type: "object", properties: { yes: { type: "boolean" } }, required: ["yes"] },
    },
  };
}
