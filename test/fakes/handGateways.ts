import { setTimeout as wait } from "node:timers/promises";
import type { HandTool } from "../../src/calls/call.ts";
import type { Api } from "../../src/descriptor.ts";
import { type Widgets, widgetTools } from "../http/handTools.ts";
import type { Reading, Wired } from "../http/wire.ts";
import { generateFrom, startGateway, type TestGateway } from "./gateway.ts";
import { widgetSpec } from "./widgets.ts";

/** A gateway over Tools written by hand, wired as `specgate serve` wires it. */
export interface HandGateway extends TestGateway {
  /** What its Tools saw. */
  readonly widgets: Widgets;
}

export interface HandGatewayOptions {
  /** Default: none, and its sessions are its own. */
  readonly redisUrl?: string;
  readonly yaml?: string;
  readonly variables?: Readonly<Record<string, string>>;
  readonly tools?: readonly HandTool[];
}

let api: Promise<Api> | undefined;

/** Starts one. Those with the same Redis are replicas of each other. */
export async function startHandGateway(options: HandGatewayOptions = {}): Promise<HandGateway> {
  const { redisUrl, yaml = "", variables, tools = [] } = options;
  // A List beside them: an API needs an operation.
  const { get } = (widgetSpec.paths as { readonly "/widgets": { readonly get: object } })["/widgets"];
  api ??= generateFrom({ ...widgetSpec, paths: { "/widgets": { get } } }).then((made) => made.api);
  const widgets = widgetTools();
  const environment = {
    ...(redisUrl === undefined ? {} : { REDIS_URL: redisUrl, SPECGATE_SECRET: "a secret of at least 32 characters" }),
    ...variables,
  };
  const all = [...widgets.tools, ...tools];
  const gateway = await startGateway(await api, "http://127.0.0.1:9", `api: test\n${yaml}`, environment, all);
  return { ...gateway, widgets };
}

/** The answer, asked for again while the gateway has too much to do: the machines of tests are shared. */
export async function unlessBusy<Answer extends Wired | Reading>(ask: () => Promise<Answer>): Promise<Answer> {
  for (;;) {
    const answer = await ask();
    const isBusy = answer.status === 503 && (!("text" in answer) || answer.text.includes("the server is busy"));
    if (!isBusy) return answer;
    await wait(100);
  }
}
