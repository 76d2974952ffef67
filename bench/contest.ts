import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Dialect, directCall, sessionDialect, statelessDialect, toolCall, toolList } from "./lanes.ts";
import type { Lane } from "./load.ts";
import { listTools, openSessions } from "./mcp.ts";
import type { Command, Target } from "./process.ts";
import { generate } from "./scale.ts";
import { type Noun, nouns } from "./spec.ts";
import { prepareGateway } from "./targets/gateway.ts";
import type { SdkServerInput } from "./targets/sdkServer.ts";

/** The processes that are compared, and the tools that the gateway lists and the SDK server was given. */
export interface Targets {
  readonly direct: Target;
  readonly forwarder: Target;
  readonly sdkServer: Target;
  readonly gateway: Target;
  readonly tools: SdkServerInput["tools"];
}

/**
 * Starts all of them with `start`, each a process of its own before one common API. The gateway is generated and served by
 * the published command, and comes first: the SDK server is given the very tools that it lists.
 */
export async function startTargets(
  folder: string,
  program: string,
  start: (command: Command) => Promise<Target>,
): Promise<Targets> {
  const upstream = await start(script("direct"));
  const project = prepareGateway(folder, program, upstream.origin);
  await generate(project.generate);
  const gateway = await start(project.serve);
  const tools = await listTools<SdkServerInput["tools"][number]>(`${gateway.origin}/mcp`, statelessDialect("/mcp"));
  const inputFile = join(folder, "tools.json");
  const collections = Object.fromEntries(nouns.map((noun) => [toolOf(noun), noun.plural]));
  writeFileSync(inputFile, JSON.stringify({ tools, collections } satisfies SdkServerInput));
  return {
    direct: await start(script("direct")),
    forwarder: await start(script("forwarder", upstream.origin)),
    sdkServer: await start(script("sdkServer", upstream.origin, inputFile)),
    gateway,
    tools,
  };
}

function script(name: string, ...args: string[]): Command {
  return { args: [join(import.meta.dirname, "targets", `${name}.ts`), ...args] };
}

/** `EdgeBeacon` is read by `get_edge_beacon`. */
function toolOf({ name }: Noun): string {
  return `get${name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)}`;
}

/** The names of the lanes, in the order in which they take their turns. */
export const laneNames = {
  direct: "direct REST",
  forwarder: "bare forwarder",
  gateway2026: "gateway 2026-07-28",
  gateway2025: "gateway 2025-11-25",
  sdk2026: "SDK server 2026-07-28",
  sdk2025: "SDK server 2025-11-25",
  sdk2025InMemory: "SDK server 2025-11-25, sessions in its memory",
  gatewayList: "gateway tools/list",
  sdkList: "SDK server tools/list",
} as const;

const listShare = 1 / 100; // a list is more than a megabyte: as many as calls would take most of the time

/** Every way through every target. Opens the sessions that the session-era lanes use. */
export async function openLanes({ direct, forwarder, sdkServer, gateway, tools }: Targets): Promise<readonly Lane[]> {
  const stateless = statelessDialect("/mcp");
  const names = tools.map(({ name }) => name);
  const call = (name: string, target: Target, dialect: Dialect): Lane => ({
    name,
    target,
    shooter: toolCall(dialect, toolOf),
    share: 1,
  });
  const list = (name: string, target: Target): Lane => ({
    name,
    target,
    shooter: toolList(stateless, names),
    share: listShare,
  });
  return [
    { name: laneNames.direct, target: direct, shooter: directCall, share: 1 },
    { name: laneNames.forwarder, target: forwarder, shooter: toolCall(stateless, ({ plural }) => plural), share: 1 },
    call(laneNames.gateway2026, gateway, stateless),
    call(laneNames.gateway2025, gateway, await inSessions(gateway, "/mcp")),
    call(laneNames.sdk2026, sdkServer, stateless),
    call(laneNames.sdk2025, sdkServer, sessionDialect("/mcp", [])),
    call(laneNames.sdk2025InMemory, sdkServer, await inSessions(sdkServer, "/session")),
    list(laneNames.gatewayList, gateway),
    list(laneNames.sdkList, sdkServer),
  ];
}

const sessionsPerServer = 16; // several, so that a lookup is a lookup; below the gateway's limit of 50 for one key

async function inSessions({ origin }: Target, path: string): Promise<Dialect> {
  return sessionDialect(path, await openSessions(origin + path, sessionDialect(path, []), sessionsPerServer));
}
