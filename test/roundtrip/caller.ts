import { deriveKeys } from "../../src/auth/keys.ts";
import type { Call } from "../../src/calls/call.ts";
import { createRunCall } from "../../src/calls/runCall.ts";
import { type Catalog, createCatalog } from "../../src/catalog/catalog.ts";
import type { Tool } from "../../src/catalog/tool.ts";
import { createValidator, type Validator } from "../../src/catalog/validator.ts";
import { readEnvironment } from "../../src/config/environment.ts";
import { parseGatewayFile, resolveConfig } from "../../src/config/load.ts";
import { GatewayError } from "../../src/errors.ts";
import { Secret } from "../../src/telemetry/secret.ts";
import { createUpstream } from "../../src/upstream/client.ts";
import type { Corpus } from "./corpora.ts";
import { type Recorded, Recorder, type RecorderAnswer, type Tamper } from "./recorder.ts";

/** What a call came to: what was sent for it, and its result or its refusal. */
export interface Called {
  readonly requests: readonly Recorded[];
  readonly result?: Readonly<Record<string, unknown>>;
  readonly refusal?: GatewayError;
}

/** The gateway of a corpus from the catalog down to the wire. */
export interface CorpusCaller {
  readonly catalog: Catalog;
  /** Whether the input schema of `tool` allows these arguments. */
  readonly allows: (tool: Tool, args: Readonly<Record<string, unknown>>) => boolean;
  /** Calls `tool` as an unverified key would; the upstream answers with `answer`, by default an empty object. */
  readonly call: (
    tool: Tool,
    args: Readonly<Record<string, unknown>>,
    answer?: (request: Recorded) => RecorderAnswer,
  ) => Promise<Called>;
}

/** A caller whose requests end in a Recorder; `tamper` changes them on the way as a fault in the serialiser would. */
export function callerOn({ described, gatewayYaml }: Corpus, tamper?: Tamper): CorpusCaller {
  const recorder = new Recorder(tamper);
  const file = parseGatewayFile("gateway.yaml", gatewayYaml);
  const flags = { upstreamUrl: "http://upstream.test", inMemory: true };
  const config = resolveConfig(file, readEnvironment({ LOG_LEVEL: "silent" }), flags);
  const upstreamConfig = Object.values(config.upstreams)[0];
  if (upstreamConfig === undefined) throw new Error("the configuration has no upstream");
  const upstream = createUpstream({ ...upstreamConfig, url: "http://upstream.test" }, { dispatcher: recorder });
  const validator = createValidator();
  const run = createRunCall({
    upstreamFor: () => upstream,
    scopes: config.scopes,
    validator,
    cursorKeys: deriveKeys([new Secret("a secret of this test")], "cursor"),
    limits: config.limits,
  });
  return {
    catalog: createCatalog(described.api),
    allows: (tool, args) => allows(validator, tool, args),
    call: async (tool, args, answer = () => ({ body: {} })) => {
      recorder.answer = answer;
      recorder.take();
      const told = await run(callOf(tool, args)).then(
        ({ structured }) => (structured === undefined ? {} : { result: structured }),
        (thrown: unknown) => ({ refusal: refusalOf(thrown) }),
      );
      return { requests: recorder.take(), ...told };
    },
  };
}

function allows(validator: Validator, tool: Tool, args: Readonly<Record<string, unknown>>): boolean {
  try {
    validator.check(tool, args);
    return true;
  } catch {
    return false;
  }
}

function callOf(tool: Tool, args: Readonly<Record<string, unknown>>): Call {
  return {
    tool,
    args,
    principal: { kind: "passthrough", id: "p1", user: null, organisation: null, scopes: null },
    surface: "default",
    requestId: "r1",
    signal: AbortSignal.timeout(60_000),
    notify: () => {},
    ask: async () => [],
  };
}

function refusalOf(thrown: unknown): GatewayError {
  if (thrown instanceof GatewayError) return thrown;
  throw thrown;
}
