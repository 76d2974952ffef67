import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { scanJson } from "../../src/http/mcp/scan.ts";
import { draws } from "../fakes/draws.ts";

const limits = { depth: 64, tokens: 200_000 };
const scan = (text: string, own = limits): string | null => scanJson(Buffer.from(text), own);

describe("the scan of a JSON text", () => {
  it("finds nothing wrong with what JSON.stringify writes", () => {
    const value = fc.jsonValue({ maxDepth: 20 });
    fc.assert(
      fc.property(value, fc.constantFrom(undefined, 2), (one, indent) => {
        const text = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "x", params: { arguments: one } }, null, indent);
        // The one thing that stringify writes and we refuse: keys that reach a prototype.
        fc.pre(!/__proto__|prototype/.test(text));
        expect(scan(text)).toBeNull();
      }),
      draws(500),
    );
  });

  it("finds a repeated key wherever it stands, however it is spelt", () => {
    const key = fc.string({ minLength: 1, maxLength: 40 }).filter((text) => !/__proto__|prototype/.test(text));
    const escaped = (text: string): string =>
      `"${[...text].map((one) => [...Array(one.length).keys()].map((i) => `\\u${one.charCodeAt(i).toString(16).padStart(4, "0")}`).join("")).join("")}"`;
    fc.assert(
      fc.property(key, fc.nat(30), fc.boolean(), (name, between, inArray) => {
        const others = Array.from({ length: between }, (_, i) => `"${i} ${i}":{"k":[${i}]}`);
        const object = `{${[`${JSON.stringify(name)}:1`, ...others, `${escaped(name)}:2`].join(",")}}`;
        expect(scan(inArray ? `{"params":[${object}]}` : `{"a":${object}}`)).toBe("a key stands twice in one object");
      }),
    );
  });

  it("does not take keys of different objects, values, or text inside strings for repeats", () => {
    expect(scan('{"a":{"a":"a"},"b":[{"a":1},{"a":2}],"c":"\\"a\\":{[,","d":["a","a"]}')).toBeNull();
  });

  it("counts levels and values", () => {
    expect(scan("[[[]]]", { depth: 3, tokens: 100 })).toBeNull();
    expect(scan("[[[]]]", { depth: 2, tokens: 100 })).toBe("nested more than 2 levels deep");
    expect(scan('{"a":1,"b":[true,null,"x"]}', { depth: 9, tokens: 8 })).toBeNull();
    expect(scan('{"a":1,"b":[true,null,"x"]}', { depth: 9, tokens: 7 })).toBe("more than 7 values");
  });

  it("ignores case in the envelope and its params alone, also inside a batch", () => {
    const repeated = "a key stands twice in one object";
    expect(scan('{"id":1,"ID":2}')).toBe(repeated);
    expect(scan('{"params":{"name":1,"NAME":2}}')).toBe(repeated);
    expect(scan('[{"params":{"name":1,"NAME":2}}]')).toBe(repeated);
    expect(scan('{"params":{"arguments":{"name":1,"NAME":2}}}')).toBeNull();
    expect(scan('{"result":{"name":1,"NAME":2}}')).toBeNull();
  });

  it("never throws, whatever the bytes", () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => void scanJson(bytes, limits)));
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom(...'{}[]",:\\u00e9a1 \n'), maxLength: 80 }),
        (text) => void scan(text),
      ),
    );
  });

  it("takes a megabyte in well under the time of a call (2.5 ms per MiB is the figure, ten times that the bar)", () => {
    const text = JSON.stringify({
      params: {
        arguments: {
          rows: Array.from({ length: 9_000 }, (_, i) => ({
            id: i,
            name: `row ${i}`,
            tags: ["a", "b"],
            text: "x".repeat(50),
          })),
        },
      },
    });
    const bytes = Buffer.from(text);
    const times = Array.from({ length: 10 }, () => {
      const started = performance.now();
      expect(scanJson(bytes, limits)).toBeNull();
      return performance.now() - started;
    });
    // The best of them: the others measure who else is on the machine.
    expect(Math.min(...times) / (bytes.length / 1_048_576)).toBeLessThan(25);
  });
});
