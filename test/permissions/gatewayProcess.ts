// A gateway over Beacon in a process of its own, so that its source can be changed as it is loaded. Told by the environment:
// UPSTREAM, CONFIG (the text of a gateway.yaml), and what a gateway reads. Prints `{"msg":"listening","url":…}`.
import { api } from "../../generated/beacon/index.ts";
import { startGateway } from "../fakes/gateway.ts";

const { UPSTREAM = "", CONFIG = "" } = process.env;
const variables = Object.fromEntries(
  Object.entries(process.env).filter((one): one is [string, string] => one[1] !== undefined),
);
const gateway = await startGateway(api, UPSTREAM, CONFIG, variables);
process.stdout.write(`${JSON.stringify({ msg: "listening", url: gateway.base })}\n`);
