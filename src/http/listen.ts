import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { GatewayError } from "../errors.ts";

/**
 * Resolves to the port when `server` listens; port 0 takes a free one. Rejects with `invalid_request` when the address cannot be
 * had. `setting` is what the operator changes then: `--port or PORT`.
 */
export function listen(server: Server, port: number, host: string, setting: string): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const refuse = (fault: NodeJS.ErrnoException): void => reject(cannotListen(`${host}:${port}`, setting, fault));
  server.once("error", refuse);
  server.listen(port, host, () => {
    server.off("error", refuse);
    resolve((server.address() as AddressInfo).port); // a server on a TCP port has one
  });
  return promise;
}

function cannotListen(address: string, setting: string, fault: NodeJS.ErrnoException): GatewayError {
  return new GatewayError("invalid_request", `cannot listen on ${address} (${fault.code})`, {
    next: `Choose another port with ${setting} (0 takes a free one), or another address with --host or HOST.`,
    cause: fault,
  });
}
