import type { IncomingMessage } from "node:http";
import { describe, expect, it } from "vitest";
import { blamedFor, networkOf } from "../../src/http/address.ts";

const from = (remoteAddress: string | undefined, headers: Record<string, string> = {}): IncomingMessage =>
  ({ socket: { remoteAddress }, headers }) as unknown as IncomingMessage; // what the functions read of a request

describe("the network", () => {
  for (const { given, want } of [
    { given: "203.0.113.9", want: "203.0.113.9" },
    { given: "::ffff:203.0.113.9", want: "::ffff:203.0.113.9" },
    { given: "2001:db8:1:2:3:4:5:6", want: "2001:db8:1:2::/64" },
    { given: "2001:db8::6", want: "2001:db8:0:0::/64" },
    { given: "2001:db8:1:2::", want: "2001:db8:1:2::/64" },
    { given: "::1", want: "0:0:0:0::/64" },
    { given: "fe80::1%eth0", want: "fe80:0:0:0::/64" },
    { given: "", want: "" },
  ]) {
    it(`of ${JSON.stringify(given)} is ${JSON.stringify(want)}`, () => expect(networkOf(given)).toBe(want));
  }
});

describe("failed credentials", () => {
  for (const { name, address, headers, want } of [
    { name: "a caller of this machine", address: "127.0.0.1", headers: {}, want: "127.0.0.1" },
    { name: "nobody behind a local proxy", address: "10.0.0.2", headers: { "x-forwarded-for": "203.0.113.9" } },
    { name: "nobody behind a local proxy", address: "::1", headers: { forwarded: "for=203.0.113.9" } },
    {
      name: "a public address, whatever it claims",
      address: "198.51.100.7",
      headers: { "x-forwarded-for": "203.0.113.9" },
      want: "198.51.100.7",
    },
  ]) {
    it(`are held against ${name} (${address})`, () => expect(blamedFor(from(address, headers))).toBe(want));
  }
});
