import type { ToolOrigin } from "../catalog/tool.ts";
import type { Body, Json, Slot, ToolSpec } from "../descriptor.ts";
import type { ParamValue, RequestBody, UpstreamRequest } from "../upstream/exchange.ts";
import { isIdempotent } from "./annotations.ts";
import { fieldUse, isSlotOf, offeredParams } from "./schemas.ts";
import type { Arguments } from "./steps.ts";
import { wrapValue } from "./wrappers.ts";

/** A value the gateway itself puts into a place of the request. */
export interface SlotValue {
  readonly slot: Slot;
  readonly value: Json;
}

/** What is added to the caller's arguments. */
export interface RequestAdditions {
  readonly slots?: readonly SlotValue[];
  readonly nextQuery?: UpstreamRequest["nextQuery"];
}

/** The request of a Tool for these arguments. What the caller did not give is not in it. */
export function requestFor(origin: ToolOrigin, args: Arguments, additions: RequestAdditions = {}): UpstreamRequest {
  const { api, spec } = origin;
  const { slots = [], nextQuery } = additions;
  const body = requestBody(origin, args, slots);
  return {
    operation: spec.operation,
    effect: spec.effect,
    idempotent: isIdempotent(spec),
    params: [...givenParams(spec, args), ...slotParams(spec, slots)],
    ...(body === undefined ? {} : { body }),
    ...(nextQuery === undefined ? {} : { nextQuery }),
    security: {
      schemes: api.securitySchemes,
      common: api.security,
      ...(spec.security === undefined ? {} : { own: spec.security }),
    },
    ...(spec.result?.mediaType ? { accept: spec.result.mediaType } : {}),
  };
}

function givenParams(spec: ToolSpec, args: Arguments): readonly ParamValue[] {
  const constants = (spec.params ?? []).filter((param) => param.value !== undefined);
  return [
    ...constants.map((param) => ({ param, value: param.value })),
    ...offeredParams(spec)
      .filter((param) => args[param.arg] !== undefined)
      .map((param) => ({ param, value: wireValue(param, args[param.arg]) })),
  ];
}

/** A flag that says the opposite of its argument is sent as what it says. */
function wireValue({ inverted }: { readonly inverted?: boolean }, value: unknown): unknown {
  return inverted === true ? value !== true : value;
}

function slotParams(spec: ToolSpec, slots: readonly SlotValue[]): readonly ParamValue[] {
  return slots.flatMap(({ slot, value }) => {
    if (slot.in === "body") return [];
    const declared = spec.params?.find((param) => isSlotOf(slot, param));
    return [{ param: declared ?? { name: slot.name, in: slot.in }, value }];
  });
}

/** The body to send; undefined where there is none, or where the Spec lets it be absent and nothing was given for it. */
function requestBody(origin: ToolOrigin, args: Arguments, slots: readonly SlotValue[]): RequestBody | undefined {
  const { body } = origin.spec;
  const added = slots.filter(({ slot }) => slot.in === "body").map(({ slot, value }) => [slot.name, value] as const);
  if (body === undefined) {
    return added.length === 0 ? undefined : { mediaType: "application/json", value: Object.fromEntries(added) };
  }
  const value = body.arg === undefined ? flatBody(origin, body, args, added) : args[body.arg];
  if (value === undefined) return undefined;
  const { mediaType, wrap, encoding } = body;
  return { mediaType, ...(wrap && { wrap }), value, ...(encoding && { encoding }) };
}

function flatBody(
  { api, resource }: ToolOrigin,
  body: Body,
  args: Arguments,
  added: readonly (readonly [string, unknown])[],
): Readonly<Record<string, unknown>> | undefined {
  const given = (body.fields ?? [])
    .map(fieldUse)
    .filter((use) => args[use.arg] !== undefined)
    .map(
      (use) =>
        [
          use.name,
          wrapValue(api.wrappers, resource.fields[use.field ?? use.name]?.wrapper, wireValue(use, args[use.arg])),
        ] as const,
    );
  const extra = body.extra === undefined ? undefined : args[body.extra.arg];
  const beyond = typeof extra === "object" && extra !== null ? Object.entries(extra) : [];
  const caller = [...beyond, ...given];
  if (body.optional && caller.length === 0 && added.length === 0) return undefined;
  return Object.fromEntries([...caller, ...added, ...Object.entries(body.fixed ?? {})]);
}
