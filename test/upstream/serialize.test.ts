import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Json, Param } from "../../src/descriptor.ts";
import { GatewayError } from "../../src/errors.ts";
import type { UpstreamRequest } from "../../src/upstream/exchange.ts";
import { pathSegment } from "../../src/upstream/serialize/path.ts";
import { serialize, type WireRequest } from "../../src/upstream/serialize.ts";
import { draws } from "../fakes/draws.ts";
import { callerWith, given, requestOf, securityOf, upstreamConfig } from "./fixture.ts";

function wireOf(request: UpstreamRequest, url = "http://api.test/v1", config = {}): WireRequest {
  return serialize(request, { base: new URL(url), config: upstreamConfig(url, config), caller: callerWith("key-1") });
}

function pathOf(path: string, params: UpstreamRequest["params"], url?: string): string {
  return wireOf(requestOf({ operation: { id: "x", method: "GET", path }, params }), url).path;
}

function queryOf(param: Omit<Param, "in">, value: Json): string {
  const path = pathOf("/x", [given({ in: "query", arg: param.name, ...param }, value)]);
  return path.slice("/v1/x?".length);
}

function codeOf(run: () => unknown): string {
  try {
    run();
  } catch (thrown) {
    return thrown instanceof GatewayError ? thrown.code : `not ours: ${thrown}`;
  }
  return "nothing thrown";
}

const id: Param = { name: "id", in: "path", arg: "id", required: true };

describe("a path", () => {
  const accepted = [
    { value: "abc", want: "abc" },
    { value: 42, want: "42" },
    { value: true, want: "true" },
    { value: "a b", want: "a%20b" },
    { value: "a;b", want: "a%3Bb" },
    { value: "%", want: "%25" },
    { value: "ü", want: "%C3%BC" },
    { value: "．．／", want: "%EF%BC%8E%EF%BC%8E%EF%BC%8F" },
    { value: "…", want: "%E2%80%A6" },
    { value: "a.b", want: "a.b" },
    { value: "x".repeat(512), want: "x".repeat(512) },
  ];
  for (const { value, want } of accepted) {
    it(`regression 10: holds ${JSON.stringify(value).slice(0, 30)} encoded once, and it arrives as the same text`, () => {
      const path = pathOf("/pages/{id}/reports", [given(id, value)]);
      expect(path).toBe(`/v1/pages/${want}/reports`);
      expect(decodeURIComponent(path.split("/")[3] ?? "")).toBe(String(value));
    });
  }

  const refused = [
    "",
    ".",
    "..",
    "../x",
    "a/b",
    "a\\b",
    "a?b",
    "a#b",
    "%2e%2e",
    "%252e%252e",
    "%25252e%25252e",
    "..;x=1",
    "%2f",
    "a%2Fb",
    "%5c",
    "a\nb",
    "a\u0000b",
    "\u007f",
    "\ud800",
    "x".repeat(513),
  ];
  for (const value of refused) {
    it(`regression 10: refuses ${JSON.stringify(value).slice(0, 30)} before anything is sent`, () => {
      expect(codeOf(() => pathOf("/pages/{id}/reports", [given(id, value)]))).toBe("invalid_arguments");
    });
  }

  it("refuses what is not well-formed by itself, wherever it comes from", () => {
    expect(codeOf(() => pathSegment("id", "\ud800"))).toBe("invalid_arguments");
  });

  it("refuses what is no text", () => {
    expect(codeOf(() => pathOf("/pages/{id}", [given(id, [["a"]])]))).toBe("invalid_arguments");
    expect(codeOf(() => pathOf("/pages/{id}", [given(id, [])]))).toBe("invalid_arguments");
    expect(codeOf(() => pathOf("/pages/{id}", [given(id, null)]))).toBe("invalid_arguments");
    expect(codeOf(() => pathOf("/pages/{id}", []))).toBe("invalid_arguments");
  });

  it("never leads to another route, whatever the value (500 draws)", () => {
    const text = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.string({ unit: fc.constantFrom(".", "/", "\\", "%", "2", "e", "f", "5", "c", ";", "?", "#", "a", "\u0000") }),
    );
    fc.assert(
      fc.property(text, (value) => {
        let path: string;
        try {
          path = pathOf("/pages/{id}/reports", [given(id, value)]);
        } catch (thrown) {
          expect(thrown).toBeInstanceOf(GatewayError);
          return;
        }
        const url = new URL(`http://api.test${path}`);
        expect(url.pathname.split("/").length).toBe(5);
        expect(url.pathname.startsWith("/v1/pages/")).toBe(true);
        expect(url.pathname.endsWith("/reports")).toBe(true);
        expect([url.search, url.hash]).toEqual(["", ""]);
        expect(decodeURIComponent(url.pathname.split("/")[3] ?? "")).toBe(value);
      }),
      draws(500),
    );
  });

  // https://spec.openapis.org/oas/v3.1.1#style-examples
  const styles: readonly { style: Param["style"]; explode: boolean; value: Json; want: string }[] = [
    { style: "simple", explode: false, value: ["blue", "black"], want: "blue,black" },
    { style: "simple", explode: true, value: ["blue", "black"], want: "blue,black" },
    { style: "simple", explode: false, value: { R: 100, G: 200 }, want: "R,100,G,200" },
    { style: "simple", explode: true, value: { R: 100, G: 200 }, want: "R=100,G=200" },
    { style: "label", explode: false, value: "blue", want: ".blue" },
    { style: "label", explode: false, value: ["blue", "black"], want: ".blue,black" },
    { style: "label", explode: true, value: ["blue", "black"], want: ".blue.black" },
    { style: "label", explode: false, value: { R: 100, G: 200 }, want: ".R,100,G,200" },
    { style: "label", explode: true, value: { R: 100, G: 200 }, want: ".R=100.G=200" },
    { style: "matrix", explode: false, value: "blue", want: ";color=blue" },
    { style: "matrix", explode: false, value: ["blue", "black"], want: ";color=blue,black" },
    { style: "matrix", explode: true, value: ["blue", "black"], want: ";color=blue;color=black" },
    { style: "matrix", explode: false, value: { R: 100, G: 200 }, want: ";color=R,100,G,200" },
    { style: "matrix", explode: true, value: { R: 100, G: 200 }, want: ";R=100;G=200" },
  ];
  for (const { style, explode, value, want } of styles) {
    it(`in style ${style}${explode ? ", exploded," : ""} says ${JSON.stringify(value)} as ${want}`, () => {
      const param = { name: "color", in: "path" as const, style, explode } as Param;
      expect(pathOf("/x/{color}", [given(param, value)])).toBe(`/v1/x/${want}`);
    });
  }

  it("keeps the operator's base path and the template's literals", () => {
    expect(pathOf("/v1/ops/{id}:cancel", [given(id, "a:b")], "http://h/base/")).toBe("/base/v1/ops/a%3Ab:cancel");
    expect(pathOf("/a b/{id}/", [given(id, "1")])).toBe("/v1/a%20b/1/");
    expect(pathOf("/rpc?action=list#twin", [given({ name: "q", in: "query" }, "1")])).toBe("/v1/rpc?action=list&q=1");
  });

  it("splits a declared multi-segment value and checks each piece", () => {
    const name: Param = { name: "name", in: "path", arg: "name", multiSegment: true };
    expect(pathOf("/v1/{name=projects/*/ops/*}", [given(name, "projects/p 1/ops/7")])).toBe(
      "/v1/v1/projects/p%201/ops/7",
    );
    expect(pathOf("/files/{+name}", [given(name, "a/b/c")])).toBe("/v1/files/a/b/c");
    for (const value of ["projects/p/../x/ops/1", "projects/p", "projects//ops/1", "other/p/ops/1"]) {
      expect(codeOf(() => pathOf("/v1/{name=projects/*/ops/*}", [given(name, value)]))).toBe("invalid_arguments");
    }
  });
});

describe("a query", () => {
  const cases: readonly { param: Omit<Param, "in">; value: Json; want: string }[] = [
    { param: { name: "q" }, value: "a&b=c d", want: "q=a%26b%3Dc%20d" },
    { param: { name: "q" }, value: false, want: "q=false" },
    { param: { name: "q" }, value: 0, want: "q=0" },
    { param: { name: "q" }, value: "", want: "q=" },
    { param: { name: "page[number]" }, value: 2, want: "page%5Bnumber%5D=2" },
    { param: { name: "c" }, value: ["blue", "a,b"], want: "c=blue&c=a%2Cb" },
    { param: { name: "c", explode: false }, value: ["blue", "a,b"], want: "c=blue,a%2Cb" },
    { param: { name: "c" }, value: { R: 100, G: "x y" }, want: "R=100&G=x%20y" },
    { param: { name: "c", explode: false }, value: { R: 100, G: 200 }, want: "c=R,100,G,200" },
    { param: { name: "c", style: "spaceDelimited" }, value: ["blue", "black"], want: "c=blue%20black" },
    { param: { name: "c", style: "pipeDelimited" }, value: ["blue", "black"], want: "c=blue%7Cblack" },
    {
      param: { name: "c", style: "deepObject" },
      value: { R: 100, d: { e: 1 } },
      want: "c%5BR%5D=100&c%5Bd%5D%5Be%5D=1",
    },
    {
      param: { name: "c", style: "deepObject" },
      value: { in: ["a", "b"] },
      want: "c%5Bin%5D%5B%5D=a&c%5Bin%5D%5B%5D=b",
    },
    { param: { name: "f", content: "application/json" }, value: { a: [1] }, want: "f=%7B%22a%22%3A%5B1%5D%7D" },
    { param: { name: "u", allowReserved: true }, value: "a/b?c&d#e", want: "u=a/b?c%26d%23e" },
  ];
  for (const { param, value, want } of cases) {
    it(`says ${JSON.stringify(value)} ${param.style ?? "form"} as ${want}`, () =>
      expect(queryOf(param, value)).toBe(want));
  }

  it("regression 14: never sends what is not set", () => {
    const params = ["a", "b", "c"].map((name): Param => ({ name, in: "query" }));
    const values = [null, undefined, []];
    expect(
      pathOf(
        "/x",
        params.map((param, index) => given(param, values[index])),
      ),
    ).toBe("/v1/x");
  });

  it("is what an independent parser reads back, whatever the values (500 draws)", () => {
    const text = fc.string({ unit: "binary", maxLength: 30 }).filter((one) => one.isWellFormed());
    fc.assert(
      fc.property(text, fc.array(text, { maxLength: 4 }), (single, many) => {
        const path = pathOf("/x", [
          given({ name: "s", in: "query" }, single),
          given({ name: "m[]", in: "query" }, many),
        ]);
        const parsed = new URL(path, "http://api.test").searchParams;
        expect([...parsed]).toEqual([["s", single], ...many.map((one) => ["m[]", one])]);
      }),
      draws(500),
    );
  });

  it("refuses a value over 2 KB, a URL over 8 KB, and nesting that no query can say", () => {
    expect(codeOf(() => queryOf({ name: "q" }, "x".repeat(2049)))).toBe("invalid_arguments");
    expect(
      codeOf(() =>
        queryOf(
          { name: "q" },
          Array.from({ length: 9 }, () => "x".repeat(1000)),
        ),
      ),
    ).toBe("invalid_arguments");
    expect(codeOf(() => queryOf({ name: "q" }, [[1]]))).toBe("invalid_arguments");
    expect(codeOf(() => queryOf({ name: "q" }, { a: { b: 1 } }))).toBe("invalid_arguments");
  });
});

describe("headers", () => {
  const header = (name: string): Param => ({ name, in: "header", arg: name });

  it("hold declared parameters, the media types and the credential, and nothing else", () => {
    const request = requestOf({
      operation: { id: "x", method: "POST", path: "/x" },
      params: [given(header("X-Request-Tag"), ["a", "b"]), given(header("Accept"), "text/html")],
      body: { mediaType: "application/json", value: {} },
      security: securityOf({ k: { type: "apiKey", in: "header", name: "X-Api-Key" } }, [{ k: [] }]),
    });
    expect(wireOf(request).headers).toEqual({
      accept: "application/json",
      "content-type": "application/json",
      "x-request-tag": "a,b",
      "x-api-key": "key-1",
    });
  });

  const forbidden = [
    "Host",
    "AUTHORIZATION",
    "cookie",
    "Content-Length",
    "Transfer-Encoding",
    "Connection",
    "Upgrade",
    "TE",
    "Trailer",
    "Expect",
    "Proxy-Authorization",
    "Forwarded",
    "X-Forwarded-For",
    "x-forwarded-host",
    "X-Api-Key",
    "apikey",
  ];
  for (const name of forbidden) {
    it(`refuse an argument for ${name}, in any case`, () => {
      const request = requestOf({
        params: [given(header(name), "evil")],
        security: securityOf({ k: { type: "apiKey", in: "header", name: "x-api-key" } }, [{ k: [] }]),
      });
      const config = name === "apikey" ? { credential: { header: "APIKey" } } : {};
      expect(codeOf(() => wireOf(request, undefined, config))).toBe("invalid_arguments");
    });
  }

  for (const value of ["a\r\nb: c", "a\nb", "ü", "\u0000", "x".repeat(1025)]) {
    it(`refuse the value ${JSON.stringify(value).slice(0, 20)}`, () => {
      expect(codeOf(() => wireOf(requestOf({ params: [given(header("x-tag"), value)] })))).toBe("invalid_arguments");
    });
  }

  it("carry cookie parameters and cookie credentials in one header", () => {
    const request = requestOf({
      params: [
        given({ name: "theme", in: "cookie" }, "dark;x"),
        given({ name: "off", in: "cookie" }, null),
        given({ name: "no", in: "cookie" }, []),
      ],
      security: securityOf({ k: { type: "apiKey", in: "cookie", name: "sid" } }, [{ k: [] }]),
    });
    expect(wireOf(request).headers.cookie).toBe("theme=dark%3Bx; sid=key-1");
  });
});

it("a cookie parameter with nothing in it makes no header", () => {
  expect(wireOf(requestOf({ params: [given({ name: "no", in: "cookie" }, [])] })).headers).toEqual({
    accept: "application/json",
  });
});

describe("a body", () => {
  const bodyOf = (mediaType: string, value: unknown, wrap?: readonly string[]): readonly unknown[] => {
    const body = { mediaType, value, ...(wrap === undefined ? {} : { wrap }) };
    const wire = wireOf(requestOf({ operation: { id: "x", method: "POST", path: "/x" }, body }));
    return [wire.headers["content-type"], wire.body];
  };
  const cases: readonly { given: readonly [string, unknown, (readonly string[])?]; want: readonly unknown[] }[] = [
    { given: ["application/json", { a: null, b: [1] }], want: ["application/json", '{"a":null,"b":[1]}'] },
    {
      given: ["application/json", { a: 1 }, ["data", "attributes"]],
      want: ["application/json", '{"data":{"attributes":{"a":1}}}'],
    },
    { given: ["application/merge-patch+json", { a: 1 }], want: ["application/merge-patch+json", '{"a":1}'] },
    { given: ["*/*", { a: 1 }], want: ["application/json", '{"a":1}'] },
    {
      given: ["application/x-www-form-urlencoded", { a: "x&y", b: [1, 2], c: { d: true }, e: null, f: [{ g: 1 }] }],
      want: ["application/x-www-form-urlencoded", "a=x%26y&b=1&b=2&c=%7B%22d%22%3Atrue%7D&f=%7B%22g%22%3A1%7D"],
    },
    { given: ["text/plain", "hello"], want: ["text/plain", "hello"] },
    { given: ["application/octet-stream", "AAEC"], want: ["application/octet-stream", Buffer.from([0, 1, 2])] },
  ];
  for (const {
    given: [type, value, wrap],
    want,
  } of cases) {
    it(`of ${type}${wrap ? ` in ${wrap.join(".")}` : ""} is serialised from the value`, () =>
      expect(bodyOf(type, value, wrap)).toEqual(want));
  }

  it("has files no larger than the operator allows", () => {
    const { limits } = upstreamConfig("http://api.test");
    const body = { mediaType: "image/png", value: "AAECAwQ=" };
    const request = requestOf({ operation: { id: "x", method: "PUT", path: "/x" }, body });
    expect(wireOf(request, undefined, { limits: { ...limits, fileBytes: 5 } }).body).toEqual(
      Buffer.from([0, 1, 2, 3, 4]),
    );
    expect(codeOf(() => wireOf(request, undefined, { limits: { ...limits, fileBytes: 4 } }))).toBe("invalid_arguments");
  });

  it("that cannot be made is refused, not sent empty", () => {
    expect(codeOf(() => bodyOf("multipart/mixed", {}))).toBe("invalid_arguments");
    expect(codeOf(() => bodyOf("application/octet-stream", "no base64!"))).toBe("invalid_arguments");
  });
});

it("a next link replaces the whole query, and the credential is put on anew", () => {
  const request = requestOf({
    params: [given({ name: "q", in: "query" }, "old")],
    nextQuery: [
      ["q", "a b"],
      ["page", "2"],
    ],
    security: securityOf({ k: { type: "apiKey", in: "query", name: "api_key" } }, [{ k: [] }]),
  });
  expect(wireOf(request).path).toBe("/v1/widgets?q=a%20b&page=2&api_key=key-1");
});
