/**
 * `npm run demo`: Beacon with a data file, the identity provider of its people, and the gateway in front, in one process. `--alone`
 * starts Beacon only. Ports 4010, 4020 and 3000, or `--beacon-port`, `--identity-port` and `--port`; 0 takes a free one.
 */
import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, relative, resolve } from "node:path";
import { parseArgs } from "node:util";
import { readGatewayFile } from "../src/config/load.ts";
import { createGateway, type Gateway, type GatewayFile } from "../src/index.ts";
import { createLogger } from "../src/telemetry/log.ts";
import { type IdentityProvider, startIdentityProvider } from "./identity.ts";
import { demoOAuth } from "./oauth.ts";
import { type Beacon, startBeacon } from "./server.ts";

const { values } = parseArgs({
  options: {
    port: { type: "string", default: process.env.PORT ?? "3000" },
    "beacon-port": { type: "string", default: "4010" },
    "identity-port": { type: "string", default: "4020" },
    data: { type: "string", default: "data/beacon.db" },
    alone: { type: "boolean", default: false },
  },
});

const root = resolve(import.meta.dirname, "..");

/** Beacon and who its people are, as they run. */
interface Parts {
  readonly beacon: Beacon;
  readonly identity: IdentityProvider;
}

async function startGateway({ beacon, identity }: Parts, folder: string): Promise<Gateway> {
  const { api } = await import("../generated/beacon/index.ts");
  const gateway = createGateway({
    api,
    config: beaconConfig(identity),
    upstream: beacon.url,
    environment: { SPECGATE_SECRET: secretIn(folder), ...process.env, PORT: values.port },
    logger: createLogger("warn"),
  });
  await gateway.listen();
  return gateway;
}

/** Beacon's gateway.yaml with OAuth, which needs to know where the provider listens. */
function beaconConfig({ issuer }: IdentityProvider): GatewayFile {
  const folder = resolve(root, "openapi/beacon");
  const { prompts, ...file } = readGatewayFile(resolve(folder, "gateway.yaml"));
  const own = prompts === undefined ? {} : { prompts: relative(".", resolve(folder, prompts)) };
  return { ...file, ...own, oauth: demoOAuth(issuer) };
}

/** Keys and connections outlive the process, so what they are encrypted with does: made once, kept beside them. */
function secretIn(folder: string): string {
  const file = resolve(folder, "secret");
  if (!existsSync(file)) writeFileSync(file, randomBytes(32).toString("base64url"), { mode: 0o600 });
  return readFileSync(file, "utf8").trim();
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
  Claude Code     claude mcp add --transport http beacon ${mcp}
                  then /mcp in Claude Code: a browser opens, where you sign in as one of three people and decide what it may do
  keys, consents  ${gateway.url()}/account, and ${gateway.url()}/admin as Ada
  with a key      claude mcp add --transport http beacon ${mcp} --header "x-api-key: ${keys.readWrite}"

With the read-only key no tool that writes is offered. Ctrl+C stops.
`;
}

async function start(): Promise<void> {
  const file = resolve(root, values.data);
  mkdirSync(dirname(file), { recursive: true });
  const identity = values.alone ? undefined : await startIdentityProvider({ port: Number(values["identity-port"]) });
  const beacon = await startBeacon({
    port: Number(values["beacon-port"]),
    dataFile: file,
    ...(identity && { userOf: identity.userOf }),
  });
  const gateway = identity && (await startGateway({ beacon, identity }, dirname(file)));
  process.stdout.write(beaconText(beacon) + (gateway === undefined ? "" : gatewayText(gateway, beacon)));
  const stop = (): void => {
    void Promise.resolve(gateway?.close())
      .then(() => Promise.all([beacon.close(), identity?.close()]))
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
      ? "; another program has the port: choose others with `npm run demo -- --port 0 --beacon-port 0 --identity-port 0`"
      : "";
  process.stderr.write(`the demo did not start: ${message}${advice}\n`);
  process.exit(1);
}
