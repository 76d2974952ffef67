import type { IncomingMessage } from "node:http";
import { BlockList, isIP } from "node:net";

/** The address at the other end of the connection. */
export function addressOf(req: IncomingMessage): string {
  return req.socket.remoteAddress ?? "";
}

/** The network that one customer has: the address, or the /64 of an IPv6 one. */
export function networkOf(address: string): string {
  return address.includes(":") && !address.includes(".") ? firstHalf(address) : address;
}

/**
 * The network to hold failed credentials against; undefined for a proxy's, with many callers behind it: a local address that
 * forwards. What it forwards is not believed, since nothing tells whether it checks it.
 */
export function blamedFor(req: IncomingMessage): string | undefined {
  const { forwarded, "x-forwarded-for": forwardedFor, "x-real-ip": realAddress } = req.headers;
  const forwards = forwarded ?? forwardedFor ?? realAddress;
  return forwards !== undefined && isLocal(addressOf(req)) ? undefined : networkOf(addressOf(req));
}

/** Whether the address is of this machine or of a private network. BlockList knows `::ffff:a.b.c.d` as the IPv4 address that it is. */
export function isLocal(address: string): boolean {
  const family = isIP(address);
  return family !== 0 && localNetworks.check(address, family === 4 ? "ipv4" : "ipv6");
}

const localNetworks = new BlockList();
for (const [network, bits] of [
  ["127.0.0.0", 8],
  ["10.0.0.0", 8],
  ["172.16.0.0", 12],
  ["192.168.0.0", 16],
  ["169.254.0.0", 16],
  ["100.64.0.0", 10],
] as const) {
  localNetworks.addSubnet(network, bits, "ipv4");
}
localNetworks.addAddress("::1", "ipv6");
localNetworks.addSubnet("fc00::", 7, "ipv6");
localNetworks.addSubnet("fe80::", 10, "ipv6");

/** The first four groups of an IPv6 address as Node writes it: no leading zeros, the longest run of zeros as `::`. */
function firstHalf(address: string): string {
  const [head = "", tail] = (address.split("%", 1)[0] as string).split("::");
  const left = head === "" ? [] : head.split(":");
  const right = tail === undefined || tail === "" ? [] : tail.split(":");
  const zeros = tail === undefined ? 0 : 8 - left.length - right.length;
  const groups = [...left, ...new Array<string>(zeros).fill("0"), ...right];
  return `${groups.slice(0, 4).join(":")}::/64`;
}
