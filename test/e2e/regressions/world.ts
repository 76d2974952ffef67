import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Described } from "../../../codegen/model.ts";
import { type Called, type Caller, callerOf, type ServedTool } from "../../fakes/caller.ts";
import { generateFrom, startGateway, type TestGateway } from "../../fakes/gateway.ts";
import { type OneUptimeStub, startOneUptime } from "../../fakes/oneuptime.ts";
import { oneUptimeStyleSpec, oneUptimeStyleTables } from "../../fakes/oneuptimeSpec.ts";
import { startWidgets, type Widgets, widgetSpec } from "../../fakes/widgets.ts";
import { startWire, type Wire } from "../../fakes/wire.ts";
import { projectRoot } from "../process.ts";

/** The decisions for documents of OneUptime's manner. */
export const config: string = readFileSync(join(projectRoot, "test/fixtures/oneuptime.gateway.yaml"), "utf8");

/** The key that may write. */
export const writer = "11111111-1111-4111-8111-111111111111";
/** An id that some field holds. */
export const severity = "22222222-2222-4222-8222-222222222222";
/** The id of nothing. */
export const absent = "99999999-9999-4999-8999-999999999999";

/** Two gateways with their APIs: one in the manner of OneUptime, one plain REST API whose requests are written down. */
export interface World {
  readonly generated: Described;
  readonly stub: OneUptimeStub;
  readonly gateway: TestGateway;
  readonly caller: Caller;
  readonly tools: ReadonlyMap<string, ServedTool>;
  readonly widgets: Widgets;
  readonly wire: Wire;
  readonly plain: TestGateway;
  /** With the key `key-a`; there is a `key-b` too. */
  readonly plainCaller: Caller;
  readonly close: () => Promise<void>;
}

/** Starts both. */
export async function openWorld(): Promise<World> {
  const generated = await generateFrom(oneUptimeStyleSpec(), config);
  const stub = await startOneUptime({ tables: oneUptimeStyleTables, keys: { [writer]: "write" } });
  const gateway = await startGateway(generated.api, stub.url, config);
  const caller = callerOf(gateway.url, writer);
  const widgets = await startWidgets(["key-a", "key-b"]);
  const wire = await startWire(widgets.url);
  const plain = await startGateway((await generateFrom(widgetSpec)).api, wire.url);
  return {
    generated,
    stub,
    gateway,
    caller,
    tools: new Map((await caller.listTools()).map((tool) => [tool.name, tool])),
    widgets,
    wire,
    plain,
    plainCaller: callerOf(plain.url, "key-a"),
    close: async () => {
      await Promise.all([gateway.close(), plain.close()]);
      await Promise.all([stub.close(), wire.close(), widgets.close()]);
    },
  };
}

/** A served tool of the OneUptime gateway. Throws when there is none, with those there are. */
export function toolNamed({ tools }: World, name: string): ServedTool {
  const found = tools.get(name);
  if (!found) throw new Error(`no tool ${name}; there are ${[...tools.keys()].join(" ")}`);
  return found;
}

/** Names of a tool's arguments. */
export function argumentsOf(world: World, name: string): readonly string[] {
  return Object.keys(toolNamed(world, name).inputSchema.properties ?? {});
}

/** The item of a get, create or update. */
export function itemOf({ structured }: Called): Readonly<Record<string, unknown>> {
  return structured.item as Readonly<Record<string, unknown>>; // the envelope of these kinds
}

/** The items of a list. */
export function itemsOf({ structured }: Called): readonly Readonly<Record<string, unknown>>[] {
  return structured.items as readonly Readonly<Record<string, unknown>>[]; // the envelope of list
}
