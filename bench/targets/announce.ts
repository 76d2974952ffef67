import type { Server } from "node:http";
import type { AddressInfo } from "node:net";

/** Listens on a free port of this machine and says so in the one line that the bench waits for. Ends on SIGTERM. */
export function announce(server: Server): void {
  server.keepAliveTimeout = 60_000; // longer than any round, so that no target pays for new connections
  server.listen(0, "127.0.0.1", () => {
    process.stdout.write(`ready http://127.0.0.1:${(server.address() as AddressInfo).port}\n`); // a TCP server has such an address
  });
  process.once("SIGTERM", () => process.exit(0));
}
