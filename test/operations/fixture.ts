import { createHmac } from "node:crypto";
import type { ToolOrigin } from "../../src/catalog/tool.ts";
import type { Api, ResourceType, ToolSpec } from "../../src/descriptor.ts";
import { GatewayError } from "../../src/errors.ts";
import { kinds } from "../../src/operations/kinds.ts";
import type { Arguments, Output, StepContext } from "../../src/operations/steps.ts";
import type { UpstreamRequest, UpstreamResponse } from "../../src/upstream/exchange.ts";

/** A noun with the usual kinds of fields. */
export const widget: ResourceType = {
  name: "Widget",
  plural: "Widgets",
  title: "Widget",
  ids: ["id"],
  fields: {
    id: { type: "string", readOnly: true, description: "Its id." },
    name: { type: "string", description: "What it is called. More words follow." },
    color: { type: "string", enum: ["red", "blue"] },
    body: { type: "string", heavy: true },
    token: { type: "string", secret: true },
    password: { type: "string", writeOnly: true },
    createdAt: { type: "string", format: "date-time", readOnly: true, wrapper: "DateTime" },
    dueAt: { type: "string", format: "date-time", wrapper: "DateTime" },
    parent: { $ref: "#/$defs/Parent" },
  },
  tools: {},
  actions: {},
};

export const emptyApi: Api = {
  name: "test",
  title: "Test",
  version: "1",
  securitySchemes: { key: { type: "apiKey", in: "query", name: "api_key" } },
  security: [{ key: [] }],
  wrappers: { type: "_type", value: "value", names: ["DateTime", "ObjectID"] },
  schemas: {
    Parent: { type: "object", properties: { id: { type: "string" }, child: { $ref: "#/$defs/Child" } } },
    Child: { type: "object", properties: { parent: { $ref: "#/$defs/Parent" } } },
    Other: { type: "string" },
  },
  resources: [],
};

/** A Tool of the noun; `more` is what matters to the test. */
export function originOf(
  more: Partial<ToolSpec> & Pick<ToolSpec, "kind">,
  others: ResourceType["tools"] = {},
): ToolOrigin {
  const spec: ToolSpec = {
    name: `${more.kind}_widgets`,
    effect: more.kind === "delete" ? "destroy" : /^(list|count|get)$/.test(more.kind) ? "read" : "write",
    description: "Test.",
    operation: { id: more.kind, method: "GET", path: "/widgets" },
    result: { noun: true },
    ...more,
  };
  return { api: emptyApi, resource: { ...widget, tools: others }, spec };
}

export const idParam = { name: "id", in: "path", arg: "id", field: "id", required: true } as const;

/** What the upstream answers to a request: a body and headers, or a refusal to throw. */
export type Answer =
  | { readonly body?: unknown; readonly headers?: Readonly<Record<string, string>>; readonly url?: string }
  | GatewayError;

export interface Ran {
  readonly output: Output;
  readonly requests: readonly UpstreamRequest[];
}

/** Cursors signed with a key, at a fixed time, with a generous budget, unless told otherwise. */
export function contextOf(more: Partial<StepContext> = {}): StepContext {
  const sign = (text: string): string => createHmac("sha256", "key").update(text).digest("base64url");
  return {
    principalId: "p1",
    sign,
    verifies: (text, signature) => sign(text) === signature,
    now: () => 1_000_000,
    resultBytes: 61_440,
    countPages: 20,
    ...more,
  };
}

/** Runs a Tool's steps against `answer`. */
export function run(
  origin: ToolOrigin,
  args: Arguments,
  answer: (request: UpstreamRequest, index: number) => Answer,
  context: StepContext = contextOf(),
): Ran {
  const requests: UpstreamRequest[] = [];
  const steps = kinds[origin.spec.kind].steps(origin, args, context);
  let step = steps.next();
  while (!step.done) {
    const answered = answer(step.value, requests.length);
    requests.push(step.value);
    if (requests.length > 100) throw new Error("the steps do not end");
    step = answered instanceof GatewayError ? steps.throw(answered) : steps.next(responseOf(answered));
  }
  return { output: step.value, requests };
}

function responseOf({
  body,
  headers = {},
  url = "http://api.test/widgets",
}: Exclude<Answer, GatewayError>): UpstreamResponse {
  const bytes =
    body instanceof Uint8Array
      ? body.length
      : body === undefined
        ? 0
        : Buffer.byteLength(typeof body === "string" ? body : JSON.stringify(body));
  return { status: 200, headers, body, bytes, mediaType: "application/json", url };
}

/** A refusal as the Upstream throws it. */
export function refused(upstreamStatus: number, message: string): GatewayError {
  return new GatewayError("upstream_rejected", `the API answered ${upstreamStatus}: ${message}`, { upstreamStatus });
}

/** What a request sends, by place and name. */
export function sent(request: UpstreamRequest | undefined): Readonly<Record<string, unknown>> {
  const query = Object.fromEntries(request?.nextQuery ?? []);
  const params = Object.fromEntries((request?.params ?? []).map(({ param, value }) => [param.name, value]));
  return { ...params, ...query, ...(request?.body === undefined ? {} : { body: request.body.value }) };
}

/** The error that `act` throws. */
export function thrownBy(act: () => unknown): GatewayError {
  try {
    act();
  } catch (thrown) {
    if (thrown instanceof GatewayError) return thrown;
    throw thrown;
  }
  throw new Error("nothing was thrown");
}
