import { type Keys, sign, verifies } from "../auth/keys.ts";
import type { Validator } from "../catalog/validator.ts";
import type { LimitsConfig, ScopesConfig } from "../config/config.ts";
import { GatewayError } from "../errors.ts";
import { kinds } from "../operations/kinds.ts";
import type { Output, StepContext, Steps } from "../operations/steps.ts";
import type { Upstream } from "../upstream/client.ts";
import type { UpstreamRequest, UpstreamResponse } from "../upstream/exchange.ts";
import { authorizing } from "./authorize.ts";
import { applyInterceptors, type Call, type HandTool, type Interceptor, type Next, type Outcome } from "./call.ts";
import { validating } from "./validate.ts";

/** What a Call needs to be run. */
export interface RunCallOptions {
  /** The Upstream behind the Surface of a Call. */
  readonly upstreamFor: (call: Call) => Upstream;
  readonly scopes: ScopesConfig;
  readonly validator: Validator;
  /** Keys of the purpose `cursor`: the first signs, all verify. */
  readonly cursorKeys: Keys;
  readonly limits: Pick<LimitsConfig, "resultBytes" | "countPages">;
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

/**
 * Runs a Call: the interceptors around the steps of its kind. Outermost first the order is audit, limit, authorize, hooks,
 * validate, safeguard, idempotency, intent (DESIGN §5); the ones that exist stand here in that order.
 */
export function createRunCall(options: RunCallOptions): Next {
  const interceptors: readonly Interceptor[] = [authorizing(options.scopes), validating(options.validator)];
  return applyInterceptors(interceptors, (call) => runTool(options, call));
}

async function runTool(options: RunCallOptions, call: Call): Promise<Outcome> {
  const { tool } = call;
  if (isHandTool(tool)) return tool.run(call);
  const { origin } = tool;
  if (origin === undefined) throw new Error(`the tool ${tool.name} has neither an operation nor a function`);
  const upstream = options.upstreamFor(call);
  const steps = kinds[tool.kind].steps(origin, call.args, contextOf(options, call));
  const timeoutMs = Math.min(origin.spec.timeoutMs ?? upstream.totalMs, maxTimeoutMs);
  return { structured: await drive(steps, upstream, call, timeoutMs) };
}

function isHandTool(tool: Call["tool"]): tool is HandTool {
  return "run" in tool && typeof tool.run === "function";
}

function contextOf({ cursorKeys, limits, now = Date.now }: RunCallOptions, call: Call): StepContext {
  return {
    principalId: call.principal.id,
    sign: (text) => sign(cursorKeys, text),
    verifies: (text, signature) => verifies(cursorKeys, text, signature),
    now,
    resultBytes: limits.resultBytes,
    countPages: limits.countPages,
  };
}

/** Sends what `steps` yields until it returns, all within one deadline. A refusal is thrown into the steps. */
async function drive(steps: Steps, upstream: Upstream, call: Call, timeoutMs: number): Promise<Output> {
  const until = performance.now() + timeoutMs;
  let step = steps.next();
  for (let sent = 0; !step.done; sent++) {
    if (sent === maxSteps) throw new Error(`more than ${maxSteps} requests for one call of ${call.tool.name}`);
    const answer = await attempt(upstream, step.value, call, until - performance.now());
    step = answer.response === undefined ? steps.throw(answer.refusal) : steps.next(answer.response);
  }
  return step.value;
}

type Answer =
  | { readonly response: UpstreamResponse }
  | { readonly response?: undefined; readonly refusal: GatewayError };

async function attempt(upstream: Upstream, request: UpstreamRequest, call: Call, timeoutMs: number): Promise<Answer> {
  try {
    const { principal, signal } = call;
    return { response: await upstream.send(request, { principal, signal, timeoutMs }) };
  } catch (thrown) {
    if (thrown instanceof GatewayError) return { refusal: thrown };
    throw thrown;
  }
}
