/** Starts Beacon alone, with a data file, and says how to call it. */
import { mkdirSync } from "node:fs";
import { parseArgs } from "node:util";
import { startBeacon } from "./server.ts";

const { values } = parseArgs({
  options: {
    port: { type: "string", default: "4010" },
    host: { type: "string", default: "127.0.0.1" },
    data: { type: "string", default: "data/beacon.db" },
    log: { type: "boolean", default: false },
  },
});

const folder = values.data.split("/").slice(0, -1).join("/");
if (folder !== "") mkdirSync(folder, { recursive: true });
const beacon = await startBeacon({
  port: Number(values.port),
  host: values.host,
  dataFile: values.data,
  log: values.log,
});

process.stdout.write(`Beacon listens on ${beacon.url}
  read-only key     ${beacon.keys.readOnly}
  read & write key  ${beacon.keys.readWrite}
  full access key   ${beacon.keys.full}
These keys are for the demo only. Try:
  curl -H "x-api-key: ${beacon.keys.readOnly}" "${beacon.url}/monitors?status=down"
`);

const stop = (): void => {
  void beacon.close().then(() => process.exit(0));
};
process.once("SIGINT", stop);
process.once("SIGTERM", stop);
