import { describe, expect, it } from "vitest";
import { depthOf, reachable, refsOf, sizeOf } from "../../codegen/fields/graph.ts";
import { settle } from "../../codegen/fields/settle.ts";
import type { Field, ResourceType, Schema } from "../../src/descriptor.ts";

function resource(name: string, fields: Readonly<Record<string, Field>>): ResourceType {
  return { name, plural: `${name}s`, title: name, fields, tools: {}, actions: {} };
}

const ref = (name: string): Schema => ({ $ref: `#/$defs/${name}` });
const object = (properties: Readonly<Record<string, Schema>>): Schema => ({ type: "object", properties });

function settled(
  resources: readonly ResourceType[],
  defs: Readonly<Record<string, Schema>>,
  options: { depth?: number; subschemas?: number } = {},
) {
  const loosened: string[] = [];
  const result = settle(resources, new Map(Object.entries(defs)), {
    ...options,
    loosen: (at, what) => loosened.push(`${at}: ${what}`),
  });
  return { ...result, loosened };
}

describe("where a schema is stated", () => {
  const cases: readonly {
    name: string;
    resources: readonly ResourceType[];
    defs: Record<string, Schema>;
    want: readonly string[];
  }[] = [
    {
      name: "in place when one uses it once",
      resources: [resource("A", { x: ref("S") })],
      defs: { S: object({ a: {} }) },
      want: [],
    },
    {
      name: "in place when one uses a small one twice",
      resources: [resource("A", { x: ref("S"), y: ref("S") })],
      defs: { S: object({ a: {} }) },
      want: [],
    },
    {
      name: "once when one uses a large one twice",
      resources: [resource("A", { x: ref("S"), y: ref("S") })],
      defs: { S: object({ a: {}, b: {}, c: {}, d: {}, e: {} }) },
      want: ["S"],
    },
    {
      name: "once when two use it",
      resources: [resource("A", { x: ref("S") }), resource("B", { x: ref("S") })],
      defs: { S: { enum: [1] } },
      want: ["S"],
    },
    {
      name: "once when it contains itself",
      resources: [resource("A", { x: ref("S") })],
      defs: { S: object({ a: ref("T") }), T: object({ s: ref("S") }) },
      want: ["S", "T"],
    },
    { name: "nowhere when nothing uses it", resources: [resource("A", {})], defs: { S: {} }, want: [] },
  ];
  for (const { name, resources, defs, want } of cases)
    it(name, () => expect(Object.keys(settled(resources, defs).schemas)).toEqual(want));

  it("keeps what the reference says beside it", () => {
    const { resources } = settled([resource("A", { x: { ...ref("S"), description: "Here." } })], {
      S: { type: "string", description: "There." },
    });
    expect(resources[0]?.fields.x).toEqual({ type: "string", description: "Here." });
  });
});

describe("what no validator could follow", () => {
  it("is an alternative that leads back to itself at the same place", () => {
    const { schemas, loosened } = settled([resource("A", { x: ref("S"), y: ref("S") })], {
      S: { anyOf: [ref("T"), { type: "null" }] },
      T: { oneOf: [ref("S"), object({ s: ref("S") })] },
    });
    expect(schemas.T).toEqual({ oneOf: [object({ s: ref("S") })] });
    expect(loosened).toEqual(["#/$defs/T: alternative S dropped: it leads back here"]);
  });
});

describe("limits", () => {
  it("end a schema at 32 levels, or fewer when told so", () => {
    const deep = (levels: number): Schema => (levels === 0 ? { type: "string" } : object({ a: deep(levels - 1) }));
    expect(depthOf(settled([resource("A", { x: deep(32) })], {}).resources[0]?.fields.x ?? {})).toBe(32);
    const { resources, loosened } = settled([resource("A", { x: deep(40) })], {});
    expect(depthOf(resources[0]?.fields.x ?? {})).toBe(32);
    expect(loosened).toEqual(["A: nested deeper than 32: any value is allowed there"]);
    expect(depthOf(settled([resource("A", { x: deep(9) })], {}, { depth: 3 }).resources[0]?.fields.x ?? {})).toBe(3);
  });

  it("keep what one schema leads to below 2,000 schemas, cutting the largest first", () => {
    const wide = (name: string): Schema =>
      object(Object.fromEntries(Array.from({ length: 400 }, (_, at) => [`${name}${at}`, { type: "string" as const }])));
    const defs: Record<string, Schema> = Object.fromEntries(
      Array.from({ length: 6 }, (_, at) => [
        `W${at}`,
        { ...wide("p"), properties: { ...wide("p").properties, next: ref(`W${(at + 1) % 6}`) } },
      ]),
    );
    const { schemas, loosened } = settled([resource("A", { x: ref("W0") }), resource("B", { x: ref("W3") })], defs);
    const refs = new Map(Object.entries(schemas).map(([name, schema]) => [name, refsOf(schema)]));
    for (const name of refs.keys()) {
      const total = [...reachable([name], refs)].reduce((sum, one) => sum + sizeOf(schemas[one] ?? {}), 0);
      expect(total).toBeLessThanOrEqual(2_000);
    }
    expect(loosened.length).toBeGreaterThan(0);
    expect(loosened[0]).toMatch(/^#\/\$defs\/W\d: W\d is too large to be described here: any object is allowed$/);
  });
});
