import { parseCookie } from "cookie";
import fc from "fast-check";
import qs from "qs";
import { parseTemplate } from "url-template";
import { describe, expect, it } from "vitest";
import type { Json, Param, ParamIn, ParamStyle } from "../../src/descriptor.ts";
import { GatewayError } from "../../src/errors.ts";
import type { UpstreamRequest } from "../../src/upstream/exchange.ts";
import { serialize, type WireRequest } from "../../src/upstream/serialize.ts";
import { draws } from "../fakes/draws.ts";
import { callerWith, given, requestOf, securityOf, upstreamConfig } from "./fixture.ts";

/**
 * Every cell of OpenAPI's table of styles, one row each: what is sent, and what others make of it. Paths and forms are held
 * against an expander of RFC 6570 (url-template), which OpenAPI defines its styles by; queries are read by qs, cookies by cookie.
 * https://spec.openapis.org/oas/v3.1.1#style-examples
 */

const primitive = "a b";
const array = ["blue", "bl/ack", "ü"];
const object = { R: 100, G: "2 0", on: true };

function wireOf(params: UpstreamRequest["params"], path = "/x", more: Partial<UpstreamRequest> = {}): WireRequest {
  const request = requestOf({ operation: { id: "x", method: "GET", path }, params, ...more });
  return serialize(request, {
    base: new URL("http://api.test"),
    config: upstreamConfig("http://api.test"),
    caller: callerWith("key-1"),
  });
}

function paramOf(place: ParamIn, style: ParamStyle | undefined, explode: boolean | undefined): Param {
  return {
    name: "color",
    in: place,
    arg: "colour",
    ...(style === undefined ? {} : { style }),
    ...(explode === undefined ? {} : { explode }),
  };
}

/** What of a parameter goes onto the wire: its path segment, its query, its header, the cookie header. */
function sent(param: Param, value: Json): string | undefined {
  const wire = wireOf([given(param, value)], param.in === "path" ? "/x/{color}/y" : "/x");
  const [path = "", query = ""] = wire.path.split(/\?(.*)/s, 2);
  switch (param.in) {
    case "path":
      return path.slice("/x/".length, -"/y".length);
    case "query":
      return query;
    case "header":
      return wire.headers.color;
    case "cookie":
      return wire.headers.cookie;
    default:
      return param.in satisfies never;
  }
}

/** RFC 6570 also encodes what `encodeURIComponent` leaves: the same text to everyone who decodes it. */
function strict(text: string): string {
  return text.replace(/[!'()*]/g, (one) => `%${one.charCodeAt(0).toString(16).toUpperCase()}`);
}

interface Cell {
  readonly style?: ParamStyle;
  readonly explode?: boolean;
  readonly value: Json;
  readonly want: string;
  /** The RFC 6570 template that says the same. */
  readonly template?: string;
}

const inPath: readonly Cell[] = [
  { value: primitive, want: "a%20b", template: "{color}" },
  { value: array, want: "blue,bl%2Fack,%C3%BC", template: "{color}" },
  { value: object, want: "R,100,G,2%200,on,true", template: "{color}" },
  { explode: true, value: primitive, want: "a%20b", template: "{color*}" },
  { explode: true, value: array, want: "blue,bl%2Fack,%C3%BC", template: "{color*}" },
  { explode: true, value: object, want: "R=100,G=2%200,on=true", template: "{color*}" },
  { style: "label", value: primitive, want: ".a%20b", template: "{.color}" },
  { style: "label", value: array, want: ".blue,bl%2Fack,%C3%BC", template: "{.color}" },
  { style: "label", value: object, want: ".R,100,G,2%200,on,true", template: "{.color}" },
  { style: "label", explode: true, value: primitive, want: ".a%20b", template: "{.color*}" },
  { style: "label", explode: true, value: array, want: ".blue.bl%2Fack.%C3%BC", template: "{.color*}" },
  { style: "label", explode: true, value: object, want: ".R=100.G=2%200.on=true", template: "{.color*}" },
  { style: "matrix", value: primitive, want: ";color=a%20b", template: "{;color}" },
  { style: "matrix", value: array, want: ";color=blue,bl%2Fack,%C3%BC", template: "{;color}" },
  { style: "matrix", value: object, want: ";color=R,100,G,2%200,on,true", template: "{;color}" },
  { style: "matrix", explode: true, value: primitive, want: ";color=a%20b", template: "{;color*}" },
  {
    style: "matrix",
    explode: true,
    value: array,
    want: ";color=blue;color=bl%2Fack;color=%C3%BC",
    template: "{;color*}",
  },
  { style: "matrix", explode: true, value: object, want: ";R=100;G=2%200;on=true", template: "{;color*}" },
  // Swagger 2.0's formats, which OpenAPI 3 has in queries alone
  { style: "spaceDelimited", value: ["a", "b"], want: "a%20b" },
  { style: "pipeDelimited", value: ["a", "b"], want: "a%7Cb" },
  { style: "tabDelimited", value: ["a", "b"], want: "a%09b" },
  { style: "pipeDelimited", value: "a", want: "a" },
];

const slashless = (value: Json): Json =>
  Array.isArray(value) ? value.map((one) => String(one).replace("/", "_")) : value;

const inQuery: readonly (Cell & { readonly reads?: unknown })[] = [
  { value: primitive, want: "color=a%20b", template: "{?color*}" },
  { value: array, want: "color=blue&color=bl%2Fack&color=%C3%BC", template: "{?color*}" },
  { value: object, want: "R=100&G=2%200&on=true", template: "{?color*}", reads: { R: "100", G: "2 0", on: "true" } },
  { explode: false, value: primitive, want: "color=a%20b", template: "{?color}" },
  { explode: false, value: array, want: "color=blue,bl%2Fack,%C3%BC", template: "{?color}" },
  { explode: false, value: object, want: "color=R,100,G,2%200,on,true", template: "{?color}" },
  { style: "spaceDelimited", value: "a", want: "color=a", reads: { color: "a" } },
  { style: "spaceDelimited", value: array, want: "color=blue%20bl%2Fack%20%C3%BC", reads: { color: "blue bl/ack ü" } },
  { style: "spaceDelimited", value: { R: 1, G: 2 }, want: "color=R%201%20G%202", reads: { color: "R 1 G 2" } },
  { style: "spaceDelimited", explode: true, value: array, want: "color=blue&color=bl%2Fack&color=%C3%BC" },
  { style: "pipeDelimited", value: "a", want: "color=a", reads: { color: "a" } },
  { style: "pipeDelimited", value: array, want: "color=blue%7Cbl%2Fack%7C%C3%BC", reads: { color: "blue|bl/ack|ü" } },
  { style: "pipeDelimited", value: { R: 1, G: 2 }, want: "color=R%7C1%7CG%7C2", reads: { color: "R|1|G|2" } },
  { style: "pipeDelimited", explode: true, value: array, want: "color=blue&color=bl%2Fack&color=%C3%BC" },
  { style: "tabDelimited", value: array, want: "color=blue%09bl%2Fack%09%C3%BC", reads: { color: "blue\tbl/ack\tü" } },
  {
    style: "deepObject",
    explode: true,
    value: object,
    want: "color%5BR%5D=100&color%5BG%5D=2%200&color%5Bon%5D=true",
    reads: { color: { R: "100", G: "2 0", on: "true" } },
  },
  {
    style: "deepObject",
    value: { at: { gte: 1 }, in: ["a", "b"], or: [{ x: 1 }, { x: 2 }] },
    want: "color%5Bat%5D%5Bgte%5D=1&color%5Bin%5D%5B%5D=a&color%5Bin%5D%5B%5D=b&color%5Bor%5D%5B0%5D%5Bx%5D=1&color%5Bor%5D%5B1%5D%5Bx%5D=2",
    reads: { color: { at: { gte: "1" }, in: ["a", "b"], or: [{ x: "1" }, { x: "2" }] } },
  },
  { style: "deepObject", value: ["a", "b"], want: "color%5B%5D=a&color%5B%5D=b", reads: { color: ["a", "b"] } },
  { style: "deepObject", value: "a", want: "color=a", reads: { color: "a" } },
];

const inHeader: readonly Cell[] = [
  { value: primitive, want: "a b" },
  { value: "a,b=c;d", want: "a,b=c;d" },
  { value: ["a b", "c"], want: "a b,c" },
  { value: { R: 100, G: 200 }, want: "R,100,G,200" },
  { explode: true, value: primitive, want: "a b" },
  { explode: true, value: ["a b", "c"], want: "a b,c" },
  { explode: true, value: { R: 100, G: 200 }, want: "R=100,G=200" },
  { style: "spaceDelimited", value: ["a", "b"], want: "a b" },
  { style: "pipeDelimited", value: ["a", "b"], want: "a|b" },
  { style: "tabDelimited", value: ["a", "b"], want: "a\tb" },
];

const inCookie: readonly (Cell & { readonly reads: Readonly<Record<string, string>> })[] = [
  { value: "a b;c", want: "color=a%20b%3Bc", reads: { color: "a b;c" } },
  { value: ["a"], want: "color=a", reads: { color: "a" } },
  { value: ["a", "b"], want: "color=a; color=b", reads: { color: "a" } },
  { value: { R: 100, G: "2 0" }, want: "R=100; G=2%200", reads: { R: "100", G: "2 0" } },
  { explode: false, value: "a b", want: "color=a%20b", reads: { color: "a b" } },
  { explode: false, value: ["a b", "c"], want: "color=a%20b,c", reads: { color: "a b,c" } },
  { explode: false, value: { R: 100, G: 200 }, want: "color=R,100,G,200", reads: { color: "R,100,G,200" } },
];

const content: readonly { place: ParamIn; type: string; value: Json; want: string }[] = [
  {
    place: "query",
    type: "application/json",
    value: { a: [1, "ü&"] },
    want: "color=%7B%22a%22%3A%5B1%2C%22%C3%BC%26%22%5D%7D",
  },
  { place: "query", type: "application/json", value: "a", want: "color=%22a%22" },
  { place: "query", type: "application/vnd.x+json", value: null as unknown as Json, want: "" },
  { place: "query", type: "text/plain", value: "a b", want: "color=a%20b" },
  { place: "query", type: "application/x-www-form-urlencoded", value: { a: "1&2" }, want: "color=a%3D1%25262" },
  { place: "path", type: "application/json", value: { a: 1 }, want: "%7B%22a%22%3A1%7D" },
  { place: "path", type: "application/json", value: [1, 2], want: "%5B1%2C2%5D" },
  {
    place: "header",
    type: "application/json",
    value: { a: "ü", b: "😀" },
    want: '{"a":"\\u00fc","b":"\\ud83d\\ude00"}',
  },
  { place: "header", type: "application/json", value: true, want: "true" },
  { place: "cookie", type: "application/json", value: { a: 1 }, want: "color=%7B%22a%22%3A1%7D" },
];

function nameOf({ style, explode, value }: Cell): string {
  return `${style ?? "default"}${explode === undefined ? "" : explode ? ", exploded" : ", not exploded"}: ${JSON.stringify(value)}`;
}

describe("a path parameter", () => {
  for (const cell of inPath) {
    const { style, explode, template } = cell;
    it(`${nameOf(cell)} is ${cell.want}`, () => {
      const value = template === undefined ? cell.value : slashless(cell.value);
      const want = cell.want.replace("bl%2Fack", "bl_ack");
      expect(sent(paramOf("path", style, explode), value)).toBe(want);
      if (template !== undefined) expect(parseTemplate(template).expand({ color: value as string })).toBe(strict(want));
    });
  }
});

describe("a query parameter", () => {
  for (const cell of inQuery) {
    const { style, explode, template, value, want } = cell;
    it(`${nameOf(cell)} is ${want}`, () => {
      expect(sent(paramOf("query", style, explode), value)).toBe(want);
      if (template !== undefined)
        expect(parseTemplate(template).expand({ color: value as string })).toBe(`?${strict(want)}`);
      const reads = cell.reads ?? { color: Array.isArray(value) ? value.map(String) : readBack(value, explode) };
      expect(qs.parse(want, { comma: explode === false, depth: 9 })).toEqual(reads);
    });
  }
});

/** An object that is not exploded is read as the list of its names and values. */
function readBack(value: Json, explode: boolean | undefined): unknown {
  const isList = explode === false && typeof value === "object";
  return isList
    ? Object.entries(value ?? {})
        .flat()
        .map(String)
    : value;
}

describe("a header parameter", () => {
  for (const cell of inHeader) {
    it(`${nameOf(cell)} is ${cell.want}`, () =>
      expect(sent(paramOf("header", cell.style, cell.explode), cell.value)).toBe(cell.want));
  }
});

describe("a cookie parameter", () => {
  for (const cell of inCookie) {
    it(`${nameOf(cell)} is ${cell.want}`, () => {
      expect(sent(paramOf("cookie", cell.style, cell.explode), cell.value)).toBe(cell.want);
      expect({ ...parseCookie(cell.want) }).toEqual(cell.reads);
    });
  }
});

describe("a parameter with a media type", () => {
  for (const { place, type, value, want } of content) {
    it(`in ${place} of ${type}: ${JSON.stringify(value)} is ${want}`, () => {
      const param: Param = { name: "color", in: place, content: type };
      expect(sent(param, value) ?? "").toBe(want);
      if (place === "header" && type === "application/json") expect(JSON.parse(want)).toEqual(value);
    });
  }

  it("is refused where the media type cannot hold it", () => {
    expect(() => sent({ name: "color", in: "query", content: "text/plain" }, { a: 1 })).toThrow(GatewayError);
    expect(() => sent({ name: "color", in: "query", content: "application/x-www-form-urlencoded" }, "a")).toThrow(
      GatewayError,
    );
  });
});

describe("allowReserved", () => {
  const reserved = ":/?#[]@!$&'()*+,;= %";
  const rows: readonly { explode: boolean; value: Json; want: string }[] = [
    { explode: true, value: reserved, want: "color=:/?%23%5B%5D@!$%26'()*%2B,;%3D%20%25" },
    { explode: true, value: ["a/b", "c,d"], want: "color=a/b&color=c,d" },
    { explode: false, value: ["a/b", "c,d"], want: "color=a/b,c%2Cd" },
    { explode: true, value: { R: "a/b" }, want: "R=a/b" },
    { explode: false, value: { R: "a/b", "x,y": "," }, want: "color=R,a/b,x%2Cy,%2C" },
  ];
  for (const { explode, value, want } of rows) {
    it(`${explode ? "exploded" : "not exploded"}: ${JSON.stringify(value)} is ${want}, and ends no value`, () => {
      expect(sent({ ...paramOf("query", "form", explode), allowReserved: true }, value)).toBe(want);
    });
  }

  it("is read back as the same text", () => {
    const text = sent({ ...paramOf("query", "form", true), allowReserved: true }, reserved) ?? "";
    expect(qs.parse(text)).toEqual({ color: reserved });
    expect(new URLSearchParams(text).get("color")).toBe(reserved);
  });
});

describe("what a style cannot say", () => {
  const rows: readonly { place: ParamIn; style?: ParamStyle; explode?: boolean; value: Json; why: RegExp }[] = [
    { place: "query", style: "spaceDelimited", value: ["a b", "c"], why: /holds " ", which parts the items/ },
    { place: "query", style: "pipeDelimited", value: ["a|b", "c"], why: /holds "\|", which parts the items/ },
    { place: "query", style: "tabDelimited", value: ["a\tb"], why: /holds "\\t", which parts the items/ },
    { place: "path", style: "pipeDelimited", value: ["a|b"], why: /parts the items/ },
    { place: "path", style: "label", explode: true, value: ["a.b", "c"], why: /holds "\."/ },
    { place: "path", style: "label", explode: true, value: { "a.b": 1 }, why: /holds "\."/ },
    { place: "header", value: ["a,b", "c"], why: /parts the items/ },
    { place: "header", explode: true, value: ["a,b", "c"], why: /holds ","/ },
    { place: "header", explode: true, value: { "a=b": 1 }, why: /holds "="/ },
    { place: "header", value: " a", why: /white space/ },
    { place: "header", value: "a\t", why: /white space/ },
    { place: "query", style: "deepObject", value: { "a]": 1 }, why: /bracket/ },
    { place: "query", value: [["a"]], why: /cannot|can hold/ },
    { place: "query", value: { a: { b: 1 } }, why: /can hold/ },
    { place: "query", explode: false, value: { a: ["b"] }, why: /can hold/ },
    { place: "path", value: [], why: /is empty/ },
    { place: "path", value: {}, why: /is empty/ },
    { place: "path", style: "matrix", explode: true, value: [""], why: /1 to 512/ },
    { place: "query", value: { "\ud800": "a" }, why: /can hold/ },
    { place: "query", value: "\udc00", why: /can hold/ },
  ];
  for (const { place, style, explode, value, why } of rows) {
    it(`is refused: ${JSON.stringify(value)} as ${style ?? "default"}${explode ? ", exploded," : ""} in ${place}`, () => {
      expect(() => sent(paramOf(place, style, explode), value)).toThrow(GatewayError);
      expect(() => sent(paramOf(place, style, explode), value)).toThrow(why);
    });
  }

  it("nothing at all is not sent", () => {
    for (const place of ["query", "header", "cookie"] as const) {
      for (const value of [[], {}, [null] as unknown as Json]) {
        const param = paramOf(place, undefined, undefined);
        expect(sent(param, value) ?? "").toBe("");
      }
    }
  });
});

describe("T21: a parameter sets no other one", () => {
  const free: Param = { name: "filter", in: "query", arg: "filter", style: "form", explode: true };
  const limit: Param = { name: "limit", in: "query", value: 10 };
  const key = securityOf({ k: { type: "apiKey", in: "query", name: "api_key" } }, [{ k: [] }]);
  const cookieKey = securityOf({ k: { type: "apiKey", in: "cookie", name: "sid" } }, [{ k: [] }]);

  it("by the keys of an exploded object", () => {
    expect(() => wireOf([given(limit, 10), given(free, { limit: 9 })])).toThrow(/another parameter/);
    expect(() => wireOf([given(free, { limit: 9 }), given(limit, 10)])).toThrow(/another parameter/);
    expect(() => wireOf([given(free, { api_key: "mine" })], "/x", { security: key })).toThrow(GatewayError);
    expect(() => wireOf([given(free, { action: "drop" })], "/x?action=list")).toThrow(GatewayError);
    expect(() => wireOf([given(free, { a: 1 }), given({ ...free, name: "more", arg: "more" }, { a: 2 })])).toThrow(
      GatewayError,
    );
    expect(wireOf([given(free, { filter: 1, a: 2 })]).path).toBe("/x?filter=1&a=2");
  });

  it("by its own name", () => {
    expect(() => wireOf([given({ name: "api_key", in: "query" }, "x")], "/x", { security: key })).toThrow(GatewayError);
    expect(() => wireOf([given({ name: "sid", in: "cookie" }, "x")], "/x", { security: cookieKey })).toThrow(
      GatewayError,
    );
    const cookies: Param = { name: "all", in: "cookie" };
    expect(() => wireOf([given(cookies, { sid: "x" })], "/x", { security: cookieKey })).toThrow(GatewayError);
    expect(() => wireOf([given({ name: "a", in: "cookie" }, "1"), given(cookies, { a: "x" })])).toThrow(GatewayError);
  });
});

describe("B50: whatever the values, an independent reader finds them", () => {
  const text = fc.string({ unit: "binary", maxLength: 20 }).filter((one) => one.isWellFormed());
  const nonEmpty = text.filter((one) => one !== "");
  const texts = fc.array(text, { minLength: 1, maxLength: 5 });
  const names = fc.stringMatching(/^[A-Za-z][A-Za-z0-9_-]{0,8}$/).filter((one) => !(one in {}));
  const objects = fc.dictionary(names, text, { minKeys: 1, maxKeys: 5, noNullPrototype: true });
  const runs = draws(500);

  it("in an exploded form", () => {
    fc.assert(
      fc.property(texts, objects, (list, map) => {
        expect(new URLSearchParams(sent(paramOf("query", "form", true), list)).getAll("color")).toEqual(list);
        expect(Object.fromEntries(new URLSearchParams(sent(paramOf("query", "form", true), map)))).toEqual(map);
      }),
      runs,
    );
  });

  it("in a form that is not exploded, where commas in items stay apart from those between them", () => {
    fc.assert(
      fc.property(fc.array(nonEmpty, { minLength: 2, maxLength: 5 }), (list) => {
        for (const allowReserved of [false, true]) {
          const query = sent({ ...paramOf("query", "form", false), allowReserved }, list) ?? "";
          expect(qs.parse(query, { comma: true })).toEqual({ color: list });
        }
      }),
      runs,
    );
  });

  it("in a deep object", () => {
    fc.assert(
      fc.property(fc.dictionary(names, objects, { minKeys: 1, maxKeys: 3, noNullPrototype: true }), (map) => {
        const query = sent(paramOf("query", "deepObject", true), map as Json) ?? "";
        expect(qs.parse(query, { depth: 9 })).toEqual({ color: map });
      }),
      runs,
    );
  });

  const separators = { spaceDelimited: " ", pipeDelimited: "|", tabDelimited: "\t" } as const;
  for (const [style, separator] of Object.entries(separators)) {
    it(`in ${style}, or they are refused`, () => {
      fc.assert(
        fc.property(texts, (list) => {
          const isSayable = !list.some((one) => one.includes(separator));
          const send = (): string | undefined => sent(paramOf("query", style as keyof typeof separators, false), list);
          if (!isSayable) expect(send).toThrow(GatewayError);
          else expect(new URLSearchParams(send()).get("color")?.split(separator)).toEqual(list);
        }),
        runs,
      );
    });
  }

  it("in a path, as RFC 6570 expands them", () => {
    const safe = fc.string({
      unit: fc.constantFrom(..."ab.~_-!'()*,;=:@&+$ %ü😀\"<>^`{}[]"),
      minLength: 1,
      maxLength: 12,
    });
    const value = fc.oneof(safe, fc.array(safe, { minLength: 1, maxLength: 4 }));
    const cells = [
      ["simple", "{color}", false],
      ["simple", "{color*}", true],
      ["label", "{.color}", false],
      ["matrix", "{;color}", false],
      ["matrix", "{;color*}", true],
    ] as const;
    fc.assert(
      fc.property(value, fc.constantFrom(...cells), (one, [style, template, explode]) => {
        let segment: string | undefined;
        try {
          segment = sent(paramOf("path", style, explode), one);
        } catch (thrown) {
          expect(thrown).toBeInstanceOf(GatewayError);
          return;
        }
        expect(strict(segment ?? "")).toBe(parseTemplate(template).expand({ color: one }));
      }),
      runs,
    );
  });

  it("in a cookie", () => {
    fc.assert(
      fc.property(text, (one) => {
        expect({ ...parseCookie(sent(paramOf("cookie", undefined, undefined), one) ?? "") }).toEqual({ color: one });
      }),
      runs,
    );
  });
});
