import { randomBytes } from "node:crypto";
import type { AuditLog } from "../audit/event.ts";
import { anonymous } from "../auth/authenticate.ts";
import { deriveKeys, type Keys, sign, verifies } from "../auth/keys.ts";
import { lastingId } from "../auth/principal.ts";
import type { Validator } from "../catalog/validator.ts";
import type { AuditConfig, LimitsConfig, ScopesConfig } from "../config/config.ts";
import type { Param } from "../descriptor.ts";
import { type Change, GatewayError } from "../errors.ts";
import { idempotencyHeader } from "../operations/idempotency.ts";
import type { StepContext } from "../operations/steps.ts";
import { Secret } from "../telemetry/secret.ts";
import type { SendOptions, Upstream } from "../upstream/client.ts";
import type { UpstreamRequest, UpstreamResponse } from "../upstream/exchange.ts";
import type { WireRequest } from "../upstream/serialize.ts";
import { createActionOf, headerValue } from "./action.ts";
import { attributionHeaders } from "./attribution.ts";
import { auditing } from "./audit.ts";
import { createAuditValues } from "./auditValues.ts";
import { authorizing, refuseUnauthorized } from "./authorize.ts";
import { applyInterceptors, type Call, type HandTool, type Interceptor, type Next, type Outcome } from "./call.ts";
import { createMemoryClaims } from "./claims.memory.ts";
import { noticingDrift, type ReportDrift } from "./drift.ts";
import { createEarlier } from "./earlier.ts";
import { type OutcomeSteps, outcomeSteps } from "./files.ts";
import { type Hook, hooking, insteadOf } from "./hooks.ts";
import { type IdempotencyOptions, idempotent } from "./idempotency.ts";
import { intending } from "./intent.ts";
import { limiting, rateLimiting } from "./limit.ts";
import { reporting } from "./progress.ts";
import type { CallRates } from "./rateLimit.ts";
import { createSafeguards, memorySafeguards, type SafeguardStores } from "./safeguards/safeguard.ts";
import { note } from "./trail.ts";
import { validating } from "./validate.ts";

/** What is recorded of Calls, and where. */
export interface AuditOptions {
  readonly log: AuditLog;
  /** Keys of the purpose `audit`. */
  readonly keys: Keys;
  readonly config: Pick<AuditConfig, "reads" | "values" | "attribution" | "requestIdHeaders">;
}

/** What a Call needs to be run. */
export interface RunCallOptions {
  /** The Upstream behind the Surface of a Call. */
  readonly upstreamFor: (call: Call) => Upstream;
  readonly scopes: ScopesConfig;
  readonly validator: Validator;
  /** Keys of the purpose `cursor`: the first signs, all verify. */
  readonly cursorKeys: Keys;
  readonly limits: Pick<LimitsConfig, "resultBytes" | "countPages"> & Partial<Pick<LimitsConfig, "runningCalls">>;
  /** What one principal may do in a minute, at the Surface of the Call. Default: no limit. */
  readonly rates?: (call: Call) => CallRates;
  /** Result budget of the Surface of a Call. Default: that of `limits`. */
  readonly resultBytesOf?: (call: Call) => number;
  /** Default: claims in memory, `reject`, every identical create shared, and one Upstream. */
  readonly idempotency?: Partial<Omit<IdempotencyOptions, "totalMs">>;
  /** Default: nothing is kept. */
  readonly audit?: AuditOptions;
  /** Default: stores in memory, and keys of their own. */
  readonly safeguards?: SafeguardStores;
  /** The API owner's code, by Tool name; see `hookIndex`. */
  readonly hooks?: ReadonlyMap<string, Hook>;
  /** Takes how answers differ from the Spec. Default: nobody; the caller is told all the same. */
  readonly onDrift?: ReportDrift;
  /** Milliseconds since the epoch; for tests. Default `Date.now`. */
  readonly now?: () => number;
}

/**
 * Requests that one Call may cause. A Count walks 20 pages by default and a select may be repeated ten times: more is a
 * loop, not work.
 */
const maxSteps = 64;
/** Longest deadline of an Operation (reliability.md §5.1): some clients give up at 60 s, none waits longer than this. */
const maxTimeoutMs = 120_000;

/** Records nothing: for Calls that nobody but their caller hears of, as in tests. */
const forgetting: AuditOptions = {
  log: { intend: async () => undefined, record: () => undefined, byIdempotencyKey: async () => [] },
  keys: deriveKeys([new Secret(randomBytes(32).toString("base64url"))], "audit"),
  config: { reads: false, values: [], requestIdHeaders: [] },
};

/**
 * Runs a Call: the interceptors around the steps of its kind. Outermost first the order is audit, limit, authorize, hooks,
 * validate, safeguard, idempotency, intent (DESIGN §5); progress stands around what takes time, which a user's answer does too.
 * What a caller is shown is remembered around the hooks, which may change it. No request that changes something is sent for
 * a Call without a committed intent: `drive` looks.
 */
export function createRunCall(options: RunCallOptions): Next {
  const { limits, scopes, validator, idempotency, hooks = new Map<string, Hook>() } = options;
  const { now = Date.now, audit = forgetting } = options;
  const totalMs = (call: Call): number => totalMsOf(options, call);
  const rules = { neverShare: [], upstreamName: () => "", ...idempotency };
  const once = idempotent({
    claims: createMemoryClaims(),
    onStoreDown: "reject",
    earlier: createEarlier({ ...audit, now }),
    ...rules,
    totalMs,
  });
  const record = { ...audit, values: createAuditValues(audit.config.values), upstreamName: rules.upstreamName, now };
  const safeguards = createSafeguards({
    ...(options.safeguards ?? memorySafeguards()),
    upstreamName: rules.upstreamName,
    read: ({ trail: _ofTheChange, ...call }, tool, args) => runTool(options, { ...call, tool, args }),
    preview: (call) => previewOf(options, call),
    resultBytes: limits.resultBytes,
    now,
  });
  const interceptors: readonly Interceptor[] = [
    auditing({ ...record, reads: audit.config.reads }),
    limiting(limits.runningCalls ?? Number.POSITIVE_INFINITY),
    rateLimiting(options.rates ?? (() => ({}))),
    authorizing(scopes),
    safeguards.remember,
    ...(hooks.size > 0 ? [hooking(hooks, refuseUnauthorized(scopes))] : []),
    validating(validator),
    reporting(),
    ...safeguards.check,
    once,
    noticingDrift(validator.differences, options.onDrift ?? (() => undefined)),
    intending({ ...record, actionOf: createActionOf(rules), totalMs }),
  ];
  const run: Next = (call) => runTool(options, call);
  return applyInterceptors(interceptors, hooks.size > 0 ? insteadOf(hooks, run) : run);
}

function totalMsOf({ upstreamFor }: RunCallOptions, call: Call): number {
  return Math.min(call.tool.origin?.spec.timeoutMs ?? upstreamFor(call).totalMs, maxTimeoutMs);
}

async function runTool(options: RunCallOptions, call: Call): Promise<Outcome> {
  const { tool } = call;
  if (isHandTool(tool)) return tool.run(call);
  const { origin } = tool;
  if (origin === undefined) throw new Error(`the tool ${tool.name} has neither an operation nor a function`);
  const steps = outcomeSteps(origin, call.args, contextOf(options, call));
  const sending: Sending = {
    call,
    upstream: options.upstreamFor(call),
    timeoutMs: totalMsOf(options, call),
    headersMs: origin.spec.timeoutMs,
    header: idempotencyHeader(origin.spec),
    requestIdHeaders: (options.audit ?? forgetting).config.requestIdHeaders,
    said: attributionOf(options, call),
  };
  return drive(steps, sending);
}

/** Who acts, in headers for the API; undefined where it is not told. */
function attributionOf({ audit }: RunCallOptions, call: Call): Readonly<Record<string, string>> | undefined {
  const names = audit?.config.attribution;
  return names && attributionHeaders(names, call);
}

/** The first request of a Call, not sent: every other follows from an answer. */
function previewOf(options: RunCallOptions, call: Call): WireRequest {
  const { tool, args } = call;
  const { origin } = tool;
  if (origin === undefined) throw new Error(`the tool ${tool.name} has no operation`);
  const first = outcomeSteps(origin, args, contextOf(options, call)).next();
  if (first.done) throw new Error(`the tool ${tool.name} sends no request`);
  const header = idempotencyHeader(origin.spec);
  const request = first.value.effect === "read" ? first.value : recognisable(first.value, { call, header }, 0);
  return options.upstreamFor(call).preview(request, call.principal, attributionOf(options, call));
}

function isHandTool(tool: Call["tool"]): tool is HandTool {
  return "run" in tool && typeof tool.run === "function";
}

function contextOf({ cursorKeys, limits, resultBytesOf, now = Date.now }: RunCallOptions, call: Call): StepContext {
  return {
    principalId: lastingId(call.principal),
    sign: (text) => sign(cursorKeys, text),
    verifies: (text, signature) => verifies(cursorKeys, text, signature),
    now,
    resultBytes: resultBytesOf?.(call) ?? limits.resultBytes,
    countPages: limits.countPages,
  };
}

/** How the requests of a Call are sent. */
interface Sending {
  readonly call: Call;
  readonly upstream: Upstream;
  /** Of all its requests together. */
  readonly timeoutMs: number;
  /** Of an Operation with a deadline of its own: its answer may begin as late. */
  readonly headersMs: number | undefined;
  /** By which the upstream recognises a repetition. */
  readonly header: Param | undefined;
  /** Where the upstream tells its id of a request. */
  readonly requestIdHeaders: readonly string[];
  /** Headers that tell who acts. */
  readonly said: Readonly<Record<string, string>> | undefined;
}

/**
 * Sends what `steps` yields until it returns, all within one deadline. A refusal is thrown into the steps. What it throws says
 * what became of the change.
 */
async function drive(steps: OutcomeSteps, sending: Sending): Promise<Outcome> {
  const { call, timeoutMs } = sending;
  const until = performance.now() + timeoutMs;
  let change: Change = "none";
  let changes = 0;
  try {
    let step = steps.next();
    for (let sent = 0; !step.done; sent++) {
      if (sent === maxSteps) throw new Error(`more than ${maxSteps} requests for one call of ${call.tool.name}`);
      const isChange = step.value.effect !== "read";
      if (isChange && call.trail?.intent === undefined)
        throw new Error(`${call.tool.name}: a change without an intent`);
      const request = isChange ? recognisable(step.value, sending, changes++) : step.value;
      const answer = await attempt(sending, request, until - performance.now());
      if (isChange && change !== "unknown") change = changeAfter(answer);
      step = answer.response === undefined ? steps.throw(answer.refusal) : steps.next(answer.response);
    }
    return step.value;
  } catch (thrown) {
    if (!(thrown instanceof GatewayError) || thrown.facts.change === change) throw thrown;
    throw thrown.with({ change });
  }
}

/** What is known after one request; of a change that was made, and whose Call fails all the same, the caller knows too little. */
function changeAfter(answer: Answer): Change {
  return answer.response === undefined ? (answer.refusal.facts.change ?? "unknown") : "unknown";
}

/** The request with the header by which the upstream recognises its repetition, where it declares one. */
function recognisable(
  request: UpstreamRequest,
  { call, header }: Pick<Sending, "call" | "header">,
  index: number,
): UpstreamRequest {
  if (header === undefined) return request;
  const value = headerValue(call, header, index);
  return { ...request, repeatable: true, params: [...request.params, { param: header, value }] };
}

type Answer =
  | { readonly response: UpstreamResponse }
  | { readonly response?: undefined; readonly refusal: GatewayError };

async function attempt(sending: Sending, request: UpstreamRequest, timeoutMs: number): Promise<Answer> {
  const { call, upstream, headersMs, said } = sending;
  const { principal, signal, trail, tool } = call;
  // What an Update reads back is not what came of it.
  const isTold = trail !== undefined && (request.effect !== "read" || tool.effect === "read");
  try {
    const options: SendOptions = {
      principal,
      signal,
      timeoutMs,
      isShared: principal.id === anonymous.id,
      ...(headersMs !== undefined && { headersMs }),
      ...(said !== undefined && { headers: said }),
      ...(isTold && { onAnswer: (answer) => note(trail, answer, sending.requestIdHeaders) }),
    };
    return { response: await upstream.send(request, options) };
  } catch (thrown) {
    if (thrown instanceof GatewayError) return { refusal: thrown };
    throw thrown;
  }
}
