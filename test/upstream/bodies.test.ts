import { Busboy } from "@fastify/busboy";
import fc from "fast-check";
import qs from "qs";
import { describe, expect, it } from "vitest";
import type { PartEncoding } from "../../src/descriptor.ts";
import { GatewayError } from "../../src/errors.ts";
import type { RequestBody } from "../../src/upstream/exchange.ts";
import { type SerializedBody, serializeBody } from "../../src/upstream/serialize/body.ts";
import { fileOf, safeFileName } from "../../src/upstream/serialize/files.ts";
import { draws } from "../fakes/draws.ts";

/** Every media type of a request body: what is sent, and what qs, busboy and `FormData` make of it. */

function bodyOf(mediaType: string, value: unknown, more: Partial<RequestBody> = {}): SerializedBody {
  return serializeBody({ mediaType, value, ...more }, 10_000_000);
}

function sent(mediaType: string, value: unknown, more: Partial<RequestBody> = {}): readonly [string, string] {
  const { contentType, content } = bodyOf(mediaType, value, more);
  return [contentType, typeof content === "string" ? content : Buffer.from(content).toString("latin1")];
}

describe("JSON", () => {
  const rows: readonly { type: string; value: unknown; wrap?: readonly string[]; want: readonly [string, string] }[] = [
    { type: "application/json", value: { a: null, b: [1, "ü"] }, want: ["application/json", '{"a":null,"b":[1,"ü"]}'] },
    { type: "application/json; charset=utf-8", value: 1, want: ["application/json; charset=utf-8", "1"] },
    {
      type: "application/vnd.api+json",
      value: { a: 1 },
      wrap: ["data", "attributes"],
      want: ["application/vnd.api+json", '{"data":{"attributes":{"a":1}}}'],
    },
    { type: "application/merge-patch+json", value: { a: null }, want: ["application/merge-patch+json", '{"a":null}'] },
    {
      type: "application/json-patch+json",
      value: [{ op: "remove", path: "/a" }],
      want: ["application/json-patch+json", '[{"op":"remove","path":"/a"}]'],
    },
    { type: "text/json", value: "a", want: ["text/json", '"a"'] },
    { type: "*/*", value: [], want: ["application/json", "[]"] },
  ];
  for (const { type, value, wrap, want } of rows)
    it(`as ${type}`, () => expect(sent(type, value, wrap === undefined ? {} : { wrap })).toEqual(want));
});

describe("text", () => {
  const rows: readonly { type: string; value: unknown; want: readonly [string, string] }[] = [
    { type: "text/plain", value: "hello", want: ["text/plain", "hello"] },
    { type: "text/plain", value: "hellö", want: ["text/plain; charset=utf-8", "hellö"] },
    { type: "text/plain; charset=utf-8", value: "ö", want: ["text/plain; charset=utf-8", "ö"] },
    { type: "text/plain; charset=ISO-8859-1", value: "ö", want: ["text/plain; charset=ISO-8859-1", "ö"] },
    { type: 'text/plain; charset="utf-16"', value: "ö", want: ["text/plain; charset=utf-8", "ö"] },
    { type: "text/csv", value: "a,b\r\n1,2", want: ["text/csv", "a,b\r\n1,2"] },
    { type: "application/xml", value: "<a/>", want: ["application/xml", "<a/>"] },
    { type: "application/soap+xml", value: "<a/>", want: ["application/soap+xml", "<a/>"] },
    { type: "application/x-ndjson", value: "{}\n{}", want: ["application/x-ndjson", "{}\n{}"] },
    { type: "application/yaml", value: "a: 1", want: ["application/yaml", "a: 1"] },
    { type: "text/plain", value: 42, want: ["text/plain", "42"] },
  ];
  for (const { type, value, want } of rows)
    it(`as ${type}: ${JSON.stringify(value)}`, () => expect(sent(type, value)).toEqual(want));

  it("that its charset does not have is refused", () => {
    expect(() => sent("text/plain; charset=latin1", "€")).toThrow(/latin1 does not have/);
    expect(() => sent("text/plain; charset=us-ascii", "ö")).toThrow(GatewayError);
    expect(() => sent("text/plain", "\ud800")).toThrow(GatewayError);
  });
});

describe("a form", () => {
  const type = "application/x-www-form-urlencoded";
  const rows: readonly {
    name: string;
    value: unknown;
    encoding?: Record<string, PartEncoding>;
    want: string;
    reads?: unknown;
  }[] = [
    {
      name: "texts, numbers and booleans",
      value: { a: "x&y=z", n: 1.5, t: true },
      want: "a=x%26y%3Dz&n=1.5&t=true",
      reads: { a: "x&y=z", n: "1.5", t: "true" },
    },
    { name: "nothing that is not set", value: { a: null, b: undefined, c: "" }, want: "c=", reads: { c: "" } },
    { name: "an array", value: { a: [1, 2] }, want: "a=1&a=2", reads: { a: ["1", "2"] } },
    { name: "an object as JSON", value: { a: { b: 1 } }, want: "a=%7B%22b%22%3A1%7D", reads: { a: '{"b":1}' } },
    {
      name: "objects of an array as JSON each",
      value: { a: [{ b: 1 }, { b: 2 }] },
      want: "a=%7B%22b%22%3A1%7D&a=%7B%22b%22%3A2%7D",
    },
    {
      name: "a text that is to be JSON",
      value: { a: "b" },
      encoding: { a: { contentType: "application/json" } },
      want: "a=%22b%22",
    },
    {
      name: "deepObject",
      value: { a: { b: { c: [1, 2] } } },
      encoding: { a: { style: "deepObject", explode: true } },
      want: "a%5Bb%5D%5Bc%5D%5B%5D=1&a%5Bb%5D%5Bc%5D%5B%5D=2",
      reads: { a: { b: { c: ["1", "2"] } } },
    },
    { name: "form, exploded", value: { a: { b: 1, c: 2 } }, encoding: { a: { style: "form" } }, want: "b=1&c=2" },
    {
      name: "form, not exploded",
      value: { a: ["x", "y,z"] },
      encoding: { a: { style: "form", explode: false } },
      want: "a=x,y%2Cz",
    },
    { name: "explode alone", value: { a: ["x", "y"] }, encoding: { a: { explode: false } }, want: "a=x,y" },
    { name: "spaceDelimited", value: { a: ["x", "y"] }, encoding: { a: { style: "spaceDelimited" } }, want: "a=x%20y" },
    {
      name: "pipeDelimited",
      value: { a: ["x", "y"] },
      encoding: { a: { style: "pipeDelimited", explode: false } },
      want: "a=x%7Cy",
    },
    { name: "tabDelimited", value: { a: ["x", "y"] }, encoding: { a: { style: "tabDelimited" } }, want: "a=x%09y" },
    { name: "reserved characters", value: { a: "x/y&z" }, encoding: { a: { allowReserved: true } }, want: "a=x/y%26z" },
    { name: "names that need encoding", value: { "a b": 1, "c[]": [1, 2] }, want: "a%20b=1&c%5B%5D=1&c%5B%5D=2" },
  ];
  for (const { name, value, encoding, want, reads } of rows) {
    it(`holds ${name}`, () => {
      expect(sent(type, value, encoding === undefined ? {} : { encoding })).toEqual([type, want]);
      if (reads !== undefined) expect(qs.parse(want)).toEqual(reads);
    });
  }

  it("lets no property set another one", () => {
    const encoding = { a: { style: "form" as const } };
    expect(() => sent(type, { role: "user", a: { role: "admin" } }, { encoding })).toThrow(/another property/);
    expect(() => sent(type, { a: { role: "admin" }, role: "user" }, { encoding })).toThrow(GatewayError);
  });

  it("is refused for what is no object", () => {
    for (const value of ["a", 1, [1], null]) expect(() => sent(type, value)).toThrow(GatewayError);
    expect(() => sent(type, { a: "\ud800" })).toThrow(GatewayError);
    expect(() => sent(type, { "\ud800": "a" })).toThrow(GatewayError);
  });

  it("is what an independent reader finds, whatever the texts (500 draws)", () => {
    const text = fc.string({ unit: "binary", maxLength: 20 }).filter((one) => one.isWellFormed());
    const name = text.filter((one) => one !== "" && one !== "__proto__");
    fc.assert(
      fc.property(fc.dictionary(name, text, { noNullPrototype: true }), (map) => {
        const [, content] = sent(type, map);
        expect(Object.fromEntries(new URLSearchParams(content))).toEqual(map);
      }),
      draws(500),
    );
  });
});

interface ReadPart {
  readonly name: string;
  readonly text: string;
  readonly type: string;
  readonly fileName?: string;
}

/** What busboy makes of a multipart body. */
async function readParts({ contentType, content }: SerializedBody): Promise<readonly ReadPart[]> {
  const parts: ReadPart[] = [];
  const busboy = Busboy({
    headers: { "content-type": contentType },
    isPartAFile: (_name, _type, fileName) => fileName !== undefined,
  });
  busboy.on("field", (name, text, _cut, _cutValue, _encoding, type) => parts.push({ name, text, type }));
  busboy.on("file", (name, stream, fileName, _encoding, type) => {
    const chunks: Buffer[] = [];
    stream.on("data", (chunk: Buffer) => chunks.push(chunk));
    stream.on("end", () => parts.push({ name, text: Buffer.concat(chunks).toString("latin1"), type, fileName }));
  });
  await new Promise((done, failed) => {
    busboy.on("finish", done);
    busboy.on("error", failed);
    busboy.end(Buffer.from(content));
  });
  return parts;
}

const png = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0x00, 0xff, 0xfe, 0x2d, 0x2d]);
const pngText = png.toString("latin1");

describe("multipart", () => {
  const type = "multipart/form-data";
  const text = (name: string, value: string, partType = "text/plain"): ReadPart => ({
    name,
    text: value,
    type: partType,
  });
  const file = (name: string, value: string, partType: string, fileName: string): ReadPart => ({
    name,
    text: value,
    type: partType,
    fileName,
  });
  const uri = (head: string): string => `data:${head};base64,${png.toString("base64")}`;
  const rows: readonly {
    name: string;
    value: unknown;
    encoding?: Record<string, PartEncoding>;
    want: readonly ReadPart[];
  }[] = [
    {
      name: "texts, numbers and booleans",
      value: { a: "x\r\n--y", n: 1, t: false },
      want: [text("a", "x\r\n--y"), text("n", "1"), text("t", "false")],
    },
    { name: "no part for what is not set", value: { a: null, b: undefined, c: "" }, want: [text("c", "")] },
    { name: "one part per item", value: { a: ["x", "y"] }, want: [text("a", "x"), text("a", "y")] },
    {
      name: "JSON with its media type and no file name",
      value: { a: { b: "ü" } },
      want: [text("a", '{"b":"ü"}', "application/json")],
    },
    {
      name: "a text with a media type of its own",
      value: { a: "<a/>" },
      encoding: { a: { contentType: "text/xml; charset=utf-8" } },
      want: [text("a", "<a/>", "text/xml")],
    },
    {
      name: "a property in a style",
      value: { a: { b: 1, c: 2 }, d: ["x", "y"] },
      encoding: { a: { style: "deepObject" }, d: { explode: false } },
      want: [text("a[b]", "1"), text("a[c]", "2"), text("d", "x,y")],
    },
    {
      name: "a file in base64",
      value: { f: png.toString("base64") },
      encoding: { f: { file: true } },
      want: [file("f", pngText, "application/octet-stream", "file")],
    },
    {
      name: "a file in base64 of a declared type",
      value: { f: png.toString("base64") },
      encoding: { f: { file: true, contentType: "image/png, image/jpeg" } },
      want: [file("f", pngText, "image/png", "file.png")],
    },
    {
      name: "a file as a data URI",
      value: { f: uri("image/png;name=lo%20go.png") },
      encoding: { f: { file: true, contentType: "image/*" } },
      want: [file("f", pngText, "image/png", "lo go.png")],
    },
    {
      name: "several files",
      value: { f: [uri("image/png"), "data:text/plain,a%20b"] },
      encoding: { f: { file: true } },
      want: [file("f", pngText, "image/png", "file.png"), file("f", "a b", "text/plain", "file.txt")],
    },
    { name: "names with quotes and line ends", value: { 'a"\r\nX: b': "c" }, want: [text("a%22%0D%0AX: b", "c")] },
    { name: "nothing", value: {}, want: [] },
  ];
  for (const { name, value, encoding, want } of rows) {
    it(`holds ${name}`, async () => {
      const body = bodyOf(type, value, encoding === undefined ? {} : { encoding });
      expect(await readParts(body)).toEqual(want);
      if (want.length > 0) {
        const form = await new Response(Buffer.from(body.content), {
          headers: { "content-type": body.contentType },
        }).formData();
        expect([...form.keys()].map((key) => key.replaceAll('"', "%22").replaceAll("\r\n", "%0D%0A"))).toEqual(
          want.map((part) => part.name),
        );
      }
    });
  }

  it("T23: gives no header, folder or quote to whoever names a file", async () => {
    const names = [
      'a"; name="b',
      "a\r\nContent-Type: text/html\r\n\r\n<b>",
      "../../etc/passwd",
      "..\\..\\boot.ini",
      ".htaccess",
      "a\0.png",
      "‮gnp.exe",
      "...",
      "con:",
      "a".repeat(400),
    ];
    for (const name of names) {
      const value = { f: `data:text/plain;name=${encodeURIComponent(name)};base64,YQ==`, after: "x" };
      const parts = await readParts(bodyOf(type, value, { encoding: { f: { file: true } } }));
      expect(parts.length, name).toBe(2);
      const { fileName = "", ...rest } = parts.find((part) => part.fileName !== undefined) ?? {};
      expect(rest, name).toEqual({ name: "f", text: "a", type: "text/plain" });
      expect(fileName, name).toMatch(/^[^./\\"\r\n\0:][^/\\"\r\n\0:]{0,149}$/);
    }
  });

  it("comes out the same again, and its boundary is in no part", () => {
    const value = { a: "x", b: "y" };
    const body = bodyOf(type, value);
    expect(bodyOf(type, value)).toEqual(body);
    const boundary = /boundary=(\S+)$/.exec(body.contentType)?.[1] ?? "";
    expect(boundary).toMatch(/^specgate-[0-9a-f]{40}$/);
    expect(bodyOf(type, { a: "xy" }).contentType).not.toBe(bodyOf(type, { a: "x", b: "y" }).contentType);
    expect(Buffer.from(body.content).toString().split(`--${boundary}`)).toHaveLength(4);
  });

  it("keeps every byte and every text (200 draws)", async () => {
    const name = fc.stringMatching(/^[a-z]{1,5}$/);
    await fc.assert(
      fc.asyncProperty(
        name,
        fc.uint8Array({ maxLength: 200 }),
        fc.string({ unit: "grapheme", minLength: 1 }),
        async (key, bytes, note) => {
          fc.pre(bytes.length > 0);
          const value = { [`f${key}`]: Buffer.from(bytes).toString("base64"), note };
          const parts = await readParts(bodyOf(type, value, { encoding: { [`f${key}`]: { file: true } } }));
          expect(parts.find((part) => part.name === "note")?.text).toBe(note);
          expect(Buffer.from(parts.find((part) => part.fileName !== undefined)?.text ?? "", "latin1")).toEqual(
            Buffer.from(bytes),
          );
        },
      ),
      draws(200),
    );
  });

  it("is refused for what is no object, and in other kinds", () => {
    for (const value of ["a", [1], null]) expect(() => bodyOf(type, value)).toThrow(GatewayError);
    expect(() => bodyOf("multipart/mixed", {})).toThrow(/cannot be written as multipart\/mixed/);
  });
});

describe("bytes", () => {
  const rows: readonly { type: string; value: string; want: readonly [string, string] }[] = [
    { type: "application/octet-stream", value: "AAEC/w==", want: ["application/octet-stream", "\0\u0001\u0002\u00ff"] },
    {
      type: "application/octet-stream",
      value: "data:image/png;base64,AAEC",
      want: ["application/octet-stream", "\0\u0001\u0002"],
    },
    { type: "image/png", value: "AAEC", want: ["image/png", "\0\u0001\u0002"] },
    { type: "image/png,image/jpeg", value: "data:image/jpeg;base64,AAEC", want: ["image/jpeg", "\0\u0001\u0002"] },
    { type: "image/*", value: "data:image/webp;base64,AAEC", want: ["image/webp", "\0\u0001\u0002"] },
    { type: "application/pdf", value: "data:,%25PDF", want: ["application/pdf", "%PDF"] },
  ];
  for (const { type, value, want } of rows)
    it(`as ${type}: ${value}`, () => {
      if (value.startsWith("data:,")) expect(() => sent(type, value)).toThrow(/text\/plain.*is not a media type/);
      else expect(sent(type, value)).toEqual(want);
    });

  it("of a type that is not declared are refused", () => {
    expect(() => sent("image/png", "data:text/html;base64,AAEC")).toThrow(/may have: image\/png/);
  });
});

describe("a file argument", () => {
  const most = 1024;
  const good: readonly { given: string; want: string; type?: string; name?: string }[] = [
    { given: "aGVsbG8=", want: "hello" },
    { given: "aGVsbG8", want: "hello" },
    { given: "aGVs\n  bG8=", want: "hello" },
    { given: "-_-_", want: "\u00fb\u00ff\u00bf" },
    { given: "data:;base64,aGVsbG8=", want: "hello", type: "text/plain" },
    { given: "data:text/plain;charset=utf-8;base64,aGVsbG8=", want: "hello", type: "text/plain;charset=utf-8" },
    { given: "DATA:Image/PNG;BASE64,aGVsbG8%3D", want: "hello", type: "Image/PNG" },
    { given: "data:,a%20b%FF,c", want: "a b\u00ff,c", type: "text/plain" },
    { given: "data:text/csv;filename=a.csv,x,y", want: "x,y", type: "text/csv", name: "a.csv" },
  ];
  for (const { given, want, type, name } of good) {
    it(`may be ${given}`, () => {
      const { bytes, mediaType, fileName } = fileOf("f", given, most);
      expect([Buffer.from(bytes).toString("latin1"), mediaType, fileName]).toEqual([want, type, name]);
    });
  }

  const bad: readonly unknown[] = [
    "",
    "hello world",
    "a",
    "aGVsbG8==x",
    "a+b_",
    "data:text/plain",
    "data:evil\r\nX: y;base64,AAAA",
    "data:text;base64,AAAA",
    "data:text/plain;base64,!!",
    "data:;base64,",
    "\ud800",
    1,
    null,
    {},
    "https://x/y.png",
    "file:///etc/passwd",
  ];
  for (const given of bad) {
    it(`may not be ${JSON.stringify(given)}`, () => {
      expect(() => fileOf("photo", given, most)).toThrow(GatewayError);
      expect(() => fileOf("photo", given, most)).toThrow(/photo/);
    });
  }

  it("has a size limit, which the refusal names", () => {
    const of = (bytes: number): string => Buffer.alloc(bytes, 1).toString("base64");
    expect(fileOf("f", of(most), most).bytes.length).toBe(most);
    for (const given of [
      of(most + 1),
      of(50 * most),
      `data:image/png;base64,${of(most + 1)}`,
      `data:,${"x".repeat(most + 1)}`,
      `data:,${"%41".repeat(most + 1)}`,
    ]) {
      expect(() => fileOf("f", given, most)).toThrow(/f: the file has \d+ KB; at most 1 KB can be sent/);
    }
    expect(() => serializeBody({ mediaType: "image/png", value: of(2_000) }, most)).toThrow(/at most 1 KB/);
    expect(() =>
      serializeBody(
        { mediaType: "multipart/form-data", value: { f: of(2_000) }, encoding: { f: { file: true } } },
        most,
      ),
    ).toThrow(/at most 1 KB/);
  });

  it("keeps a name that is safe, and no other", () => {
    expect(safeFileName("logo v2.png")).toBe("logo v2.png");
    expect(safeFileName("naïve 😀.txt")).toBe("naïve 😀.txt");
    expect(safeFileName("a/b\\c.txt")).toBe("c.txt");
    for (const none of ["", ".", "..", "/", "\u202e", " "]) expect(safeFileName(none)).toBeUndefined();
  });
});
