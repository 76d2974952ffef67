import { handTool } from "../http/handTools.ts";
import { startHandGateway } from "./handGateways.ts";

/**
 * A replica in a process of its own, for tests that kill it: `REDIS_URL` is its argument, and the line it prints is its URL.
 * `write_widget` says that it has begun and never ends.
 */
const tools = [
  handTool(
    "write_widget",
    async ({ notify }) => {
      notify({ type: "progress", progress: 1 });
      return new Promise(() => undefined);
    },
    { effect: "write" },
  ),
];
const { url } = await startHandGateway({ redisUrl: process.argv[2] ?? "", tools });
process.stdout.write(`${url}\n`);
