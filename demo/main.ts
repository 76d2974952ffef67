/**
 * `npm run demo`: Beacon with a data file, and the gateway in front of it, in one process. `--alone` starts Beacon only.
 * Ports 4010 and 3000, or `--beacon-port` and `--port`; 0 takes a free one.
 */
import { mkdirSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { parseArgs } from "node:util";
import { createGateway, type Gateway } from "../src/index.ts";
import { createLogger } from "../src/telemetry/log.ts";
import { type Beacon, startBeacon } from "./server.ts";

const { values } = parseArgs({
  options: {
    port: { type: "string", default: process.env.PORT ?? "3000" },
    "beacon-port": { type: "string", default: "4010" },
    data: { type: "string", default: "data/beacon.db" },
    alone: { type: "boolean", default: false },
  },
});

const root = resolve(import.meta.dirname, "..");

async function startGateway(beacon: Beacon): Promise<Gateway> {
  const { api } = await import("../generated/beacon/index.ts");
  const gateway = createGateway({
    api,
    config: resolve(root, "openapi/beacon/gateway.yaml"),
    upstream: beacon.url,
    environment: { ...process.env, PORT: values.port },
    logger: createLogger("warn"),
  });
  await gateway.listen();
  return gateway;
}

function beaconText({ url, keys }: Beacon): string {
  return `
Beacon, a demo API, listens on ${url}
  read-only key      ${keys.readOnly}
  read & write key   ${keys.readWrite}
  full access key    ${keys.full}
`;
}

function gatewayText(gateway: Gateway, { keys }: Beacon): string {
  const [surface] = gateway.surfaces();
  const mcp = `${gateway.url()}${surface?.path ?? "/mcp"}`;
  return `
The gateway serves it at ${mcp}   (${surface?.tools.length ?? 0} tools)

Try next:
  in a browser    ${gateway.url()}/
  the key         curl -H "x-api-key: ${keys.readOnly}" ${mcp}
  the tools       curl -H "x-api-key: ${keys.readOnly}" "${mcp}/tools?resource=Monitor"
  a call          npm run -s specgate -- tools call list_monitors '{"status":["down"]}' --url ${mcp} --header x-api-key=${keys.readOnly}
  Claude Code     claude mcp add --transport http beacon ${mcp} --header "x-api-key: ${keys.readWrite}"

With the read-only key no tool that writes is offered. Ctrl+C stops.
`;
}

async function start(): Promise<void> {
  const file = resolve(root, values.data);
  mkdirSync(dirname(file), { recursive: true });
  const beacon = await startBeacon({ port: Number(values["beacon-port"]), dataFile: file });
  const gateway = values.alone ? undefined : await startGateway(beacon);
  process.stdout.write(beaconText(beacon) + (gateway === undefined ? "" : gatewayText(gateway, beacon)));
  const stop = (): void => {
    void Promise.resolve(gateway?.close())
      .then(() => beacon.close())
      .then(() => process.exit(0));
  };
  process.once("SIGINT", stop);
  process.once("SIGTERM", stop);
}

try {
  await start();
} catch (thrown) {
  const { message, cause } = thrown as Error;
  const { code } = (cause ?? thrown) as NodeJS.ErrnoException; // the gateway wraps what its server says, Beacon does not
  const advice =
    code === "EADDRINUSE"
      ? "; another program has the port: choose others with `npm run demo -- --port 0 --beacon-port 0`"
      : "";
  process.stderr.write(`the demo did not start: ${message}${advice}\n`);
  process.exit(1);
}
