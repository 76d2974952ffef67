import { describe, expect, it } from "vitest";
import type { BoundArguments, Principal } from "../../src/auth/principal.ts";
import { boundCall, boundTool } from "../../src/calls/bound.ts";
import type { Call } from "../../src/calls/call.ts";
import { type Customisation, customising, customTool } from "../../src/calls/customTool.ts";
import { createCatalog } from "../../src/catalog/catalog.ts";
import { GatewayError } from "../../src/errors.ts";
import { generateFrom } from "../fakes/gateway.ts";
import { widgetSpec } from "../fakes/widgets.ts";

const custom: Customisation = {
  name: "change_thing",
  arguments: { id: { name: "thing_id" }, colour: { fixed: "red" } },
  words: new Map([["update_widget", "change_thing"]]),
};
const found = async (): Promise<ReturnType<typeof customTool>> => {
  const tool = createCatalog((await generateFrom(widgetSpec)).api).find("update_widget");
  return customTool(tool as NonNullable<typeof tool>, custom);
};
const callOf = (tool: Call["tool"], args: Call["args"], boundArguments?: BoundArguments): Call => ({
  tool,
  args,
  principal: { id: "p", ...(boundArguments && { boundArguments }) } as Principal,
  surface: "default",
  requestId: "r",
  signal: new AbortController().signal,
  notify: () => undefined,
  ask: async () => [],
});
const innerOf = async (call: Call): Promise<Call> => {
  let inner: Call | undefined;
  await customising()(async (one) => {
    inner = boundCall(one);
    return {};
  })(call);
  return inner as Call;
};

describe("a customised tool", () => {
  it("of a principal with a fixed argument shows neither, and sends both", async () => {
    const bound = { id: { fixed: "w1" } };
    const view = boundTool(await found(), { boundArguments: bound });
    expect(view.name).toBe("change_thing");
    const shown = Object.keys(view.definition.inputSchema.properties ?? {});
    expect(["name", "id", "thing_id", "colour"].filter((name) => shown.includes(name))).toEqual(["name"]);
    const { tool, args } = await innerOf(callOf(view, { name: "x" }, bound));
    expect([tool.name, args]).toEqual(["update_widget", { id: "w1", name: "x", colour: "red" }]);
  });

  it("of a principal with a set of values asks for one of them under its own name", async () => {
    const bound = { id: { within: ["w1", "w2"] } };
    const view = boundTool(await found(), { boundArguments: bound });
    expect(view.definition.inputSchema).toMatchObject({
      properties: { thing_id: { enum: ["w1", "w2"] } },
      required: ["thing_id"],
    });
    await expect(innerOf(callOf(view, { thing_id: "w3" }, bound))).rejects.toThrow("may not use that value");
    expect((await innerOf(callOf(view, { thing_id: "w2" }, bound))).args).toEqual({ id: "w2", colour: "red" });
  });

  it("never lets the name of a bound argument in the catalog past the bounds", async () => {
    const bound = { id: { fixed: "w1" } };
    const view = boundTool(await found(), { boundArguments: bound });
    await expect(innerOf(callOf(view, { id: "w9" }, bound))).rejects.toThrow("may not use that value");
  });

  it("is made once for the same bounds, so that its schema is compiled once", async () => {
    const tool = await found();
    const bound = { id: { fixed: "w1" } };
    expect(boundTool(tool, { boundArguments: bound })).toBe(boundTool(tool, { boundArguments: bound }));
    expect(boundTool(tool, { boundArguments: { other: { fixed: 1 } } })).toBe(tool);
    expect(boundTool(tool, {})).toBe(tool);
  });

  it("speaks of itself by its own name in what is thrown, and tells no other word apart", async () => {
    const failing = customising()(async () => {
      throw new GatewayError("lookup_required", "update_widget needs it, my_update_widget does not", {
        next: "Call update_widget.",
      });
    });
    const thrown = await failing(callOf(await found(), {})).catch((error: unknown) => error as GatewayError);
    expect(thrown).toMatchObject({
      code: "lookup_required",
      message: "change_thing needs it, my_update_widget does not",
      facts: { next: "Call change_thing." },
    });
  });
});
