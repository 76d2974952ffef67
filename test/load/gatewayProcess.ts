// One replica of a load test: the gateway over Beacon as `specgate serve` wires it, and Tools that ask. Told by the environment;
// prints `{"msg":"listening","url":…}` when it serves. A parent with a channel may tell it `{ announce: number }`: it tells
// every client two changes, one with the number in its URI and that of the list of tools, and says when that is done. SIGTERM drains.
import { api } from "../../generated/beacon/index.ts";
import { compose } from "../../src/compose.ts";
import { readEnvironment } from "../../src/config/environment.ts";
import { parseGatewayFile, resolveConfig } from "../../src/config/load.ts";
import { gatewaySchema } from "../../src/config/schema.ts";
import { createLogger } from "../../src/telemetry/log.ts";
import { askingTools } from "./askingTools.ts";

/** What the parent is told of an announcement. */
export interface AnnouncedReply {
  readonly announced: number;
  readonly ok: boolean;
}

/** URI of the changes that announcements tell of; the number follows. */
const announcedUri = "test://announced/";
/** Many clients share a key here, and none of them is meant to meet a limit. */
const high = 1_000_000;

function configText(): string {
  const known = Object.keys(gatewaySchema.properties?.limits?.properties ?? {});
  const raised = known.filter((name) => /PerPrincipal$|PerMinute$|PerAddress$|^streams|^sessions/.test(name));
  return `
api: beacon
credentials:
  headers: [x-api-key, authorization]
  check:
    operation: getMe
    user: user.id
    organisation: organisation.id
    scopes: { path: key.scopes, map: { read: mcp.read, write: mcp.write, delete: mcp.delete } }
upstreams: { default: { url: "http://127.0.0.1:1", limits: { running: 256, queued: 1024, queueMs: 5000, runningPerPrincipal: 128 } } }
surfaces: { mcp: { pageSize: 10 } }
limits: { ${raised.map((name) => `${name}: ${high}`).join(", ")} }
`;
}

const environment = readEnvironment(process.env);
const file = parseGatewayFile("gateway.yaml", configText());
const config = resolveConfig(file, environment, { inMemory: true }, api.version);
const logger = createLogger(config.server.logLevel);
const gateway = compose({ api, config, logger, tools: askingTools(environment.upstreamUrl ?? "") });

process.on("message", (message: { readonly announce?: number }) => {
  const { announce } = message;
  if (announce === undefined) return;
  const tell = (ok: boolean): void => void process.send?.({ announced: announce, ok } satisfies AnnouncedReply);
  const told = [
    gateway.notify({ type: "resource_updated", uri: `${announcedUri}${announce}` }, `announced ${announce}`),
    gateway.notify({ type: "tools_list_changed" }, `tools ${announce}`),
  ];
  Promise.all(told).then(
    () => tell(true),
    () => tell(false),
  );
});
process.once("SIGTERM", () => {
  void gateway.close().then(() => process.exit(0));
});
process.once("disconnect", () => process.exit(1)); // the test has ended without a word

await gateway.listen();
process.stdout.write(`${JSON.stringify({ msg: "listening", url: gateway.url() })}\n`);
