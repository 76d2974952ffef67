import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Json, Param } from "../../src/descriptor.ts";
import { GatewayError } from "../../src/errors.ts";
import { createUpstream, type Upstream } from "../../src/upstream/client.ts";
import type { UpstreamRequest } from "../../src/upstream/exchange.ts";
import { serialize } from "../../src/upstream/serialize.ts";
import { draws } from "../fakes/draws.ts";
import { callerWith, given, listen, requestOf, securityOf, type TestServer, upstreamConfig } from "./fixture.ts";

/**
 * security.md B48 and B49, with a server that records what arrives: a string in a path parameter reaches exactly the template's
 * route or is refused before anything is sent, and no argument sets a header that is not its own.
 */

const hostile: readonly string[] = [
  ...[
    "",
    ".",
    "..",
    "...",
    "../",
    "../..",
    "../../etc/passwd",
    "/..",
    "/",
    "//",
    "//evil.example",
    "\\",
    "..\\",
    "\\..\\x",
  ],
  ...[
    "%2e",
    "%2e%2e",
    "%2E%2E",
    ".%2e",
    "%2e.",
    "%252e%252e",
    "%25252e%25252e",
    "%2525252e%2525252e",
    "%2f",
    "%2F..%2F",
    "%252f",
    "%5c",
    "%255c..",
  ],
  ...[
    "..;",
    "..;/x",
    ".;a=b",
    ";",
    ";a=b",
    "a;b",
    "a/../b",
    "a/./b",
    "a//b",
    "?",
    "?a=b",
    "%3f",
    "#",
    "#x",
    "%23",
    "&a=b",
    "a&b",
    "=",
    "+",
  ],
  ...["\0", "a\0b", "%00", "%2500", "\r\nHost: evil", "\n", "\t", "\u007f", "\u0085", " ", " ..", ".. "],
  ...[
    "\ud800",
    "\udc00a",
    "\udc00\ud800",
    "．．／",
    "‥",
    "…",
    "\u202e..",
    "\u200b..",
    "ｅｖｉｌ",
    "é",
    "e\u0301",
    "😀",
  ],
  ...[
    "%",
    "%%",
    "%zz",
    "%c0%ae%c0%ae",
    "%uff0e%uff0e",
    "%e0%80%ae",
    "http://evil.example/",
    "http:%2f%2fevil",
    "@evil.example",
    ":80",
    "a:b@c",
  ],
  ...[
    "x".repeat(512),
    "x".repeat(513),
    "x".repeat(10_240),
    "%2e".repeat(300),
    "../".repeat(200),
    "__proto__",
    "constructor",
    "{id}",
    "*",
    "null",
    "undefined",
  ],
];

interface Shape {
  readonly name: string;
  readonly path: string;
  readonly param?: Partial<Param>;
  /** The argument that holds the string; default: the string. */
  readonly value?: (text: string) => Json;
  /** What the route of the template begins and ends with. */
  readonly around: readonly [head: string, tail: string];
  /** Its number of segments. */
  readonly segments: number;
}

const shapes: readonly Shape[] = [
  { name: "the end", path: "/v1/pages/{id}", around: ["/v1/pages/", ""], segments: 3 },
  { name: "the middle", path: "/v1/pages/{id}/reports", around: ["/v1/pages/", "/reports"], segments: 4 },
  { name: "before a verb", path: "/v1/ops/{id}:cancel", around: ["/v1/ops/", ":cancel"], segments: 3 },
  { name: "inside a segment", path: "/v1/p-{id}.json/x", around: ["/v1/p-", ".json/x"], segments: 3 },
  { name: "after a dot", path: "/v1/.{id}/x", around: ["/v1/.", "/x"], segments: 3 },
  { name: "beside another", path: "/v1/{id}-{other}/x", around: ["/v1/", "-o/x"], segments: 3 },
  { name: "right behind another", path: "/v1/{other}{id}/x", around: ["/v1/o", "/x"], segments: 3 },
  { name: "with a slash at the end", path: "/v1/{id}/", around: ["/v1/", "/"], segments: 3 },
  { name: "an array", path: "/v1/{id}/x", value: (text) => [text], around: ["/v1/", "/x"], segments: 3 },
  { name: "an array of two", path: "/v1/{id}/x", value: (text) => ["a", text], around: ["/v1/a,", "/x"], segments: 3 },
  {
    name: "a value of an object",
    path: "/v1/{id}/x",
    value: (text) => ({ k: text }),
    around: ["/v1/k,", "/x"],
    segments: 3,
  },
  {
    name: "a key of an object",
    path: "/v1/{id}/x",
    param: { explode: true },
    value: (text) => ({ [text]: "v" }),
    around: ["/v1/", "=v/x"],
    segments: 3,
  },
  { name: "label", path: "/v1/{id}/x", param: { style: "label" }, around: ["/v1/.", "/x"], segments: 3 },
  {
    name: "label, exploded",
    path: "/v1/{id}/x",
    param: { style: "label", explode: true },
    value: (text) => [text, "b"],
    around: ["/v1/.", ".b/x"],
    segments: 3,
  },
  { name: "matrix", path: "/v1/{id}/x", param: { style: "matrix" }, around: ["/v1/;id=", "/x"], segments: 3 },
  {
    name: "matrix, exploded",
    path: "/v1/{id}/x",
    param: { style: "matrix", explode: true },
    value: (text) => [text, "b"],
    around: ["/v1/;id=", ";id=b/x"],
    segments: 3,
  },
  {
    name: "a key in matrix",
    path: "/v1/{id}/x",
    param: { style: "matrix", explode: true },
    value: (text) => ({ [text]: "v" }),
    around: ["/v1/;", "=v/x"],
    segments: 3,
  },
  {
    name: "pipes",
    path: "/v1/{id}/x",
    param: { style: "pipeDelimited" },
    value: (text) => ["a", text],
    around: ["/v1/a%7C", "/x"],
    segments: 3,
  },
  {
    name: "JSON",
    path: "/v1/{id}/x",
    param: { content: "application/json" },
    value: (text) => ({ a: text }),
    around: ["/v1/%7B%22a%22%3A%22", "%22%7D/x"],
    segments: 3,
  },
  {
    name: "a text with a media type",
    path: "/v1/{id}/x",
    param: { content: "text/plain" },
    around: ["/v1/", "/x"],
    segments: 3,
  },
  {
    name: "one of several segments",
    path: "/v1/{id=projects/*/ops/*}",
    param: { multiSegment: true },
    value: (text) => `projects/${text}/ops/1`,
    around: ["/v1/projects/", "/ops/1"],
    segments: 5,
  },
  {
    name: "the last of several segments",
    path: "/v1/{id=projects/*}:run",
    param: { multiSegment: true },
    value: (text) => `projects/${text}`,
    around: ["/v1/projects/", ":run"],
    segments: 3,
  },
];

function requestFor({ path, param, value }: Shape, text: string): UpstreamRequest {
  const id: Param = { name: "id", in: "path", arg: "id", required: true, ...param };
  const params = [given(id, value?.(text) ?? text), given({ name: "other", in: "path" }, "o")];
  return requestOf({ operation: { id: "x", method: "GET", path }, params });
}

/** Fails unless `path` is of the shape's route, also for a server or proxy that decodes it up to three times. */
function expectRoute({ around: [head, tail], segments }: Shape, path: string): void {
  expect(path.startsWith(head) && path.endsWith(tail), path).toBe(true);
  let form = path;
  for (let round = 0; round <= 3; round++) {
    const url = new URL(`http://api.test${form.replaceAll(" ", "_")}`);
    expect(url.pathname.split("/").length - 1, form).toBe(segments);
    expect([url.host, url.search, url.hash]).toEqual(["api.test", "", ""]);
    expect(
      form.split("/").some((segment) => segment === "." || segment === ".."),
      form,
    ).toBe(false);
    form = form.replace(/%([0-9a-f]{2})/gi, (_all, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  }
}

describe("B48: a hostile string in a path", () => {
  let server: TestServer;
  let upstream: Upstream;
  beforeAll(async () => {
    server = await listen((_req, res) => res.setHeader("content-type", "application/json").end("{}"));
    upstream = createUpstream(upstreamConfig(server.url));
  });
  afterAll(async () => {
    await upstream.close();
    await server.close();
  });

  it("comes in 60 kinds or more", () => expect(new Set(hostile).size).toBeGreaterThanOrEqual(60));

  for (const shape of shapes) {
    it(`at ${shape.name} reaches exactly ${shape.path}, or nothing is sent`, async () => {
      let refused = 0;
      for (const text of hostile) {
        const before = server.seen.length;
        try {
          await upstream.send(requestFor(shape, text), { principal: callerWith() });
        } catch (thrown) {
          expect(thrown, text.slice(0, 40)).toBeInstanceOf(GatewayError);
          expect((thrown as GatewayError).code, text.slice(0, 40)).toBe("invalid_arguments");
          expect(server.seen.length, text.slice(0, 40)).toBe(before);
          refused++;
          continue;
        }
        expect(server.seen.length).toBe(before + 1);
        expectRoute(shape, server.seen.at(-1)?.url ?? "");
      }
      expect(refused).toBeGreaterThan(30);
      expect(refused).toBeLessThan(hostile.length - 5);
    });
  }

  it("of several free segments has none that leads away", async () => {
    const path = "/files/{+id}";
    const id: Param = { name: "id", in: "path", multiSegment: true };
    const send = (text: string) =>
      upstream.send(requestOf({ operation: { id: "x", method: "GET", path }, params: [given(id, text)] }), {
        principal: callerWith(),
      });
    await send("a/b/c d");
    expect(server.seen.at(-1)?.url).toBe("/files/a/b/c%20d");
    const before = server.seen.length;
    for (const text of [
      "../x",
      "a/../b",
      "a//b",
      "/a",
      "a/",
      "a/%2e%2e/b",
      "a/%252e%252e",
      "a\\..\\b",
      "a/..;/b",
      "",
      "/",
    ]) {
      await expect(send(text), text).rejects.toMatchObject({ code: "invalid_arguments" });
    }
    expect(server.seen.length).toBe(before);
  });

  it("that is accepted arrives as the same text", async () => {
    for (const text of ["a;b", "%", "．．／", "…", "\u202eab", "a&b=c+d", "😀", "a:b@c", "x".repeat(512), "é"]) {
      await upstream.send(requestFor(shapes[1] as Shape, text), { principal: callerWith() });
      expect(decodeURIComponent(server.seen.at(-1)?.url?.split("/")[3] ?? "")).toBe(text);
    }
  });
});

describe("F1 to F4: any string at all", () => {
  const pieces = [
    ".",
    "..",
    "/",
    "\\",
    "%",
    "2e",
    "2f",
    "5c",
    "25",
    "00",
    ";",
    "?",
    "#",
    "a",
    "\0",
    "\n",
    " ",
    "é",
    "\ud800",
    "%2e",
    "%2f",
    "%25",
  ];
  const text = fc.oneof(
    { weight: 3, arbitrary: fc.array(fc.constantFrom(...pieces), { maxLength: 8 }).map((parts) => parts.join("")) },
    { weight: 1, arbitrary: fc.string({ unit: "binary", maxLength: 30 }) },
  );
  const target = {
    base: new URL("http://api.test"),
    config: upstreamConfig("http://api.test"),
    caller: callerWith(),
  };

  it("makes a path of the template's route, or a refusal (2,000 draws)", () => {
    fc.assert(
      fc.property(fc.constantFrom(...shapes), text, (shape, drawn) => {
        let path: string;
        try {
          path = serialize(requestFor(shape, drawn), target).path;
        } catch (thrown) {
          expect(thrown).toBeInstanceOf(GatewayError);
          return;
        }
        expectRoute(shape, path);
      }),
      draws(2_000),
    );
  });
});

describe("B49: a header", () => {
  const names = [
    ...[
      "Host",
      "host",
      "AUTHORIZATION",
      "authorization",
      "Cookie",
      "Content-Length",
      "Content-Encoding",
      "Transfer-Encoding",
    ],
    ...[
      "Connection",
      "Keep-Alive",
      "Upgrade",
      "HTTP2-Settings",
      "TE",
      "Trailer",
      "Expect",
      "Proxy-Authorization",
      "Proxy-Connection",
    ],
    ...[
      "Proxy-Authenticate",
      "Forwarded",
      "Via",
      "X-Forwarded-For",
      "x-forwarded-host",
      "X-Forwarded-Proto",
      "X-Forwarded-Prefix",
    ],
    ...[
      "X-Real-IP",
      "X-Original-URL",
      "X-Original-Host",
      "X-Rewrite-URL",
      "X-HTTP-Method-Override",
      "X-HTTP-Method",
      "X-Method-Override",
    ],
    ...[
      "X-Api-Key",
      "x-API-key",
      "x-fixed",
      "",
      " ",
      "a b",
      "a:b",
      "a\r\nb",
      "a\0",
      "é",
      "a;b",
      "a,b",
      "(a)",
      "[a]",
      "a/b",
      '"a"',
    ],
  ];
  const values = ["evil", "a\r\nHost: evil", "a\nb", "a\rb", "\0", "ü", "x".repeat(1025), " a", ""];
  const security = securityOf({ k: { type: "apiKey", in: "header", name: "x-api-key" } }, [{ k: [] }]);
  const fromServer = { seen: 0 };
  let server: TestServer;
  let upstream: Upstream;
  beforeAll(async () => {
    server = await listen((_req, res) => {
      fromServer.seen++;
      res.setHeader("content-type", "application/json").end("{}");
    });
    upstream = createUpstream(upstreamConfig(server.url, { headers: { "X-Fixed": "ours" } }));
  });
  afterAll(async () => {
    await upstream.close();
    await server.close();
  });

  const send = (name: string, value: Json): Promise<unknown> =>
    upstream.send(requestOf({ params: [given({ name, in: "header", arg: "h" }, value)], security }), {
      principal: callerWith("key-1"),
    });

  it("comes in 40 names or more", () => expect(names.length).toBeGreaterThanOrEqual(40));

  for (const name of names) {
    it(`named ${JSON.stringify(name)} is set by no argument, whatever its value`, async () => {
      const before = fromServer.seen;
      for (const value of [...values, ["a", "b"], { a: "b" }, 1, true]) {
        await expect(send(name, value as Json)).rejects.toMatchObject({ code: "invalid_arguments" });
      }
      expect(fromServer.seen).toBe(before);
    });
  }

  for (const value of values.slice(1, -1)) {
    it(`of its own holds no ${JSON.stringify(value).slice(0, 24)}`, async () => {
      const before = fromServer.seen;
      await expect(send("X-Tag", value)).rejects.toMatchObject({ code: "invalid_arguments" });
      expect(fromServer.seen).toBe(before);
    });
  }

  it("that is declared arrives beside ours, and nothing else does", async () => {
    await send("X-Tag", "a b");
    const { host: _host, ...headers } = server.seen.at(-1)?.headers ?? {};
    expect(headers).toEqual({
      accept: "application/json",
      "accept-encoding": "gzip, deflate, br",
      connection: "keep-alive",
      "user-agent": "specgate",
      "x-api-key": "key-1",
      "x-fixed": "ours",
      "x-tag": "a b",
    });
  });

  it("of the message itself is ignored as OpenAPI says", async () => {
    await send("Content-Type", "text/evil");
    await send("accept", "text/evil");
    expect(server.seen.at(-1)?.headers).toMatchObject({ accept: "application/json" });
    expect(server.seen.at(-1)?.headers["content-type"]).toBeUndefined();
  });
});

describe("F10: the upstream's origin", () => {
  const target = (url: string) => ({ base: new URL(url), config: upstreamConfig(url), caller: callerWith() });
  it("is the operator's, whatever the template says", () => {
    for (const path of [
      "//evil.example/x",
      "/\\evil.example",
      "http://evil.example/x",
      "/../../x",
      "/%2e%2e/x",
      "@evil.example/x",
    ]) {
      const request = requestOf({ operation: { id: "x", method: "GET", path } });
      let wire: { readonly origin: string; readonly path: string } | undefined;
      try {
        wire = serialize(request, target("http://api.test/base"));
      } catch (thrown) {
        expect(thrown).toBeInstanceOf(Error);
        continue;
      }
      expect(wire.origin, path).toBe("http://api.test");
      const url = new URL(wire.path, wire.origin);
      expect([url.host, url.pathname.startsWith("/base")], path).toEqual(["api.test", true]);
    }
  });
});
