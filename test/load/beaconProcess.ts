// Beacon in a process of its own, in memory, on a free port. Prints `{"msg":"listening","url":…}` when it serves.
import { startBeacon } from "../../demo/server.ts";

const beacon = await startBeacon({});
process.once("disconnect", () => process.exit(1)); // the test has ended without a word
process.stdout.write(`${JSON.stringify({ msg: "listening", url: beacon.url })}\n`);
