import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { isPublic, safeFetch, shownUrl } from "../src/safeFetch.ts";

let origin = "";
let hits = 0;
const routes: Record<string, RequestListener> = {
  "/spec": (request, response) => response.end(JSON.stringify({ key: request.headers["x-key"] ?? null })),
  "/same": (_request, response) => response.writeHead(302, { location: "/spec" }).end(),
  "/other": (_request, response) => response.writeHead(302, { location: "http://other.example/spec" }).end(),
  "/loop": (_request, response) => response.writeHead(302, { location: "/loop" }).end(),
  "/large": (_request, response) => response.end("x".repeat(5_000)),
  "/slow": () => {},
  "/broken": (_request, response) => response.writeHead(500).end(),
};
const server = createServer((request, response) => {
  hits++;
  (routes[new URL(request.url ?? "/", "http://x").pathname] ?? ((_request, answer) => answer.writeHead(404).end()))(
    request,
    response,
  );
});

beforeAll(async () => {
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

const text = async (path: string, more = {}) =>
  Buffer.from(await safeFetch(`${origin}${path}`, { trust: "operator", ...more })).toString();

describe("safeFetch of an operator's URL", () => {
  it("fetches it with the headers given", async () => {
    expect(await text("/spec", { headers: { "x-key": "k" } })).toBe('{"key":"k"}');
  });

  it("follows a redirect on the same host", async () => expect(await text("/same")).toBe('{"key":null}'));

  const refused = [
    { path: "/other", want: "it redirects to other.example, which is not followed" },
    { path: "/loop", want: "it redirects more than 5 times" },
    { path: "/large", more: { maxBytes: 1_000 }, want: "it is larger than 1000 bytes" },
    { path: "/slow", more: { timeoutMs: 50 }, want: "no answer within 50 ms" },
    { path: "/broken", want: "it answered 500" },
    { path: "/absent?token=s3cret", want: "it answered 404" },
  ];
  for (const { path, more, want } of refused)
    it(`refuses ${path}: ${want}`, async () => {
      const error = await text(path, more).then(
        () => undefined,
        (thrown: Error) => thrown,
      );
      expect(error?.message).toContain(want);
      expect(error?.message).not.toContain("s3cret");
    });

  it("refuses a URL with a password and does not repeat it", async () => {
    const fetching = safeFetch("http://user:hunter2@127.0.0.1/", { trust: "operator" });
    await expect(fetching).rejects.toThrow("it holds a user or password");
    await expect(fetching).rejects.not.toThrow("hunter2");
  });
});

describe("safeFetch of a document's URL", () => {
  it("refuses plain http", async () => {
    await expect(safeFetch(`${origin}/spec`, { trust: "document" })).rejects.toThrow(
      "the scheme http: is not allowed here",
    );
  });

  const spellings = [
    "127.0.0.1",
    "localhost",
    "2130706433",
    "0x7f.1",
    "127.1",
    "[::1]",
    "[::ffff:7f00:1]",
    "[64:ff9b::7f00:1]",
    "[2002:7f00:1::]",
    "10.0.0.1",
    "169.254.169.254",
  ];
  for (const host of spellings)
    it(`does not connect to ${host}`, async () => {
      const before = hits;
      const { port } = new URL(origin);
      await expect(safeFetch(`https://${host}:${port}/spec`, { trust: "document" })).rejects.toThrow(
        "the address is not public",
      );
      expect(hits).toBe(before);
    });
});

describe("isPublic", () => {
  it("takes addresses of the public internet only", () => {
    expect(["1.1.1.1", "8.8.8.8", "2606:4700::1111"].map(isPublic)).toEqual([true, true, true]);
    expect(["192.168.1.1", "100.64.0.1", "224.0.0.1", "fe80::1", "fd00::1", "2001:db8::1", "::"].map(isPublic)).toEqual(
      Array(7).fill(false),
    );
  });
});

describe("shownUrl", () => {
  it("shows no user, query or fragment", () =>
    expect(shownUrl("https://u:p@a.example/x?k=1#f")).toBe("https://a.example/x"));
});
