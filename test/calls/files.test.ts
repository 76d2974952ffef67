import { describe, expect, it } from "vitest";
import type { Outcome } from "../../src/calls/call.ts";
import { outcomeSteps } from "../../src/calls/files.ts";
import type { ToolSpec } from "../../src/descriptor.ts";
import { GatewayError } from "../../src/errors.ts";
import type { UpstreamResponse } from "../../src/upstream/exchange.ts";
import { contextOf, idParam, originOf } from "../operations/fixture.ts";

const png = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0x00, 0xff, 0xfe]);

function outcomeOf(kind: ToolSpec["kind"], answer: Partial<UpstreamResponse>, more: Partial<ToolSpec> = {}): Outcome {
  const origin = originOf({ kind, params: [idParam], result: { binary: true }, ...more });
  const steps = outcomeSteps(origin, { id: "7" }, contextOf());
  expect(steps.next().done).toBe(false);
  const response = { status: 200, headers: {}, body: png, bytes: png.length, mediaType: "image/png", url: "http://x/" };
  const { value, done } = steps.next({ ...response, ...answer });
  expect(done).toBe(true);
  return value as Outcome; // the generator has ended, so it is what it returned
}

describe("an answer that is a file", () => {
  it("is an embedded resource, byte for byte, and the result says what it is", () => {
    const { structured, content } = outcomeOf("get", {
      headers: { "content-disposition": 'inline; filename="a.png"' },
    });
    const uri = expect.stringMatching(/^specgate:\/\/file\/get_widgets\/[0-9a-f]{16}\/a\.png$/);
    expect(structured).toEqual({
      item: { mediaType: "image/png", size: 11, name: "a.png", uri },
      notes: ["The file is the resource in this result."],
    });
    expect(content).toEqual([
      { type: "resource", resource: { uri, mimeType: "image/png", blob: png.toString("base64") } },
    ]);
  });

  const places: readonly { kind: ToolSpec["kind"]; more: Partial<ToolSpec>; want: string }[] = [
    { kind: "action", more: {}, want: "result" },
    { kind: "action", more: { result: { noun: true } }, want: "item" },
    { kind: "create", more: {}, want: "item" },
    { kind: "update", more: {}, want: "item" },
  ];
  for (const { kind, more, want } of places) {
    it(`stands in ${want} of ${kind}${more.result ? " that answers the noun" : ""}`, () =>
      expect(Object.keys(outcomeOf(kind, {}, more).structured ?? {})).toEqual([want, "notes"]));
  }

  const names = [
    { given: 'attachment; filename="../../etc/passwd"', want: "passwd" },
    { given: "attachment; filename=plain.txt", want: "plain.txt" },
    { given: "attachment; filename*=UTF-8''na%C3%AFve%20file.txt; filename=x", want: "naïve file.txt" },
    { given: "attachment; filename*=UTF-8''%E0%A4%A", want: "_E0_A4_A" },
    { given: 'attachment; filename="a\r\nSet-Cookie: b"', want: "aSet-Cookie_ b" },
    { given: 'attachment; filename=".."', want: undefined },
    { given: "inline", want: undefined },
  ];
  for (const { given, want } of names) {
    it(`has the name ${want} by ${JSON.stringify(given)}`, () => {
      const { structured } = outcomeOf("get", { headers: { "content-disposition": given } });
      const item = structured?.item as { readonly mediaType: string; readonly name?: string } | undefined;
      expect([item?.mediaType, item?.name]).toEqual(["image/png", want]);
    });
  }

  it("without a media type is octets", () => {
    const { structured, content } = outcomeOf("get", { mediaType: "" });
    expect(structured?.item).toMatchObject({ mediaType: "application/octet-stream" });
    expect(content?.[0]).toMatchObject({ resource: { mimeType: "application/octet-stream" } });
  });

  it("over the cap is refused when it was read, and told when it came from a change", () => {
    const large = { body: Buffer.alloc(750_001) };
    expect(() => outcomeOf("get", large)).toThrow(GatewayError);
    expect(() => outcomeOf("get", large)).toThrow(/732 KB/);
    expect(outcomeOf("create", large, { effect: "write" })).toEqual({
      structured: { id: "7", notes: [expect.stringContaining("a file of 732 KB, is left out")] },
    });
    expect(outcomeOf("get", { body: Buffer.alloc(750_000) }).content).toHaveLength(1);
  });

  it("leaves answers that are none as the kind makes them, and refusals to the kind", () => {
    expect(outcomeOf("get", { body: { id: "7" }, mediaType: "application/json" }, { result: { noun: true } })).toEqual({
      structured: { item: { id: "7" } },
    });
    const steps = outcomeSteps(originOf({ kind: "get", params: [idParam] }), { id: "7" }, contextOf());
    steps.next();
    expect(() => steps.throw(new GatewayError("upstream_failed", "broken"))).toThrow("broken");
  });
});
