import { describe, expect, it } from "vitest";
import type { Body, ToolSpec } from "../../src/descriptor.ts";
import { describeFile, skippedIn, toolsIn } from "./described.ts";

async function toolsOf(file: string): Promise<Readonly<Record<string, ToolSpec>>> {
  const { api } = await describeFile(file);
  return Object.fromEntries(api.resources.flatMap(toolsIn).map((tool) => [tool.name, tool]));
}

const fileText = "A file: base64, or a data URI such as data:image/png;name=logo.png;base64,… or data:text/plain,Hello";
const file = { type: "string", description: fileText } as const;

describe("bodies with files", () => {
  const want: Readonly<Record<string, Body>> = {
    create_photo: {
      mediaType: "multipart/form-data",
      encoding: {
        picture: { file: true, contentType: "image/png, image/jpeg" },
        more: { file: true },
        tags: { style: "form", explode: false },
        thumb: { file: true, contentType: "image/png" },
        report: { file: true, contentType: "application/pdf" },
      },
      fields: [
        { name: "picture", schema: { type: "string", description: `What it shows. ${fileText}` } },
        { name: "more", schema: { type: "array", maxItems: 3, items: file } },
        "meta",
        "tags",
        { name: "thumb", schema: file },
        "inline",
        { name: "report", schema: file },
      ],
      required: ["picture"],
    },
    update_avatar: { mediaType: "image/png,image/jpeg", arg: "body", schema: file, required: ["body"] },
    create_any: { mediaType: "application/octet-stream", arg: "body", schema: file, required: ["body"] },
    create_either: {
      mediaType: "multipart/form-data",
      encoding: { file: { file: true } },
      optional: true,
      fields: ["name", { name: "file", schema: file }],
    },
    create_plain: {
      mediaType: "application/x-www-form-urlencoded",
      encoding: { b: { style: "deepObject", explode: true } },
      optional: true,
      fields: ["a", "b"],
    },
    update_merge: { mediaType: "application/merge-patch+json", fields: ["a"] },
  };
  for (const [name, body] of Object.entries(want)) {
    it(`${name} sends ${body.mediaType}`, async () =>
      expect((await toolsOf("body-files.yaml"))[name]?.body).toStrictEqual(body));
  }

  it("a JSON Patch that the document does not describe is RFC 6902's", async () => {
    const { update_patch: tool } = await toolsOf("body-files.yaml");
    expect(tool?.body).toMatchObject({ mediaType: "application/json-patch+json", arg: "body" });
    expect(tool?.body?.schema).toMatchObject({ type: "array", items: { required: ["op", "path"] } });
    expect(tool?.idempotent).toBe(false);
  });

  it("what cannot be sent has its reason, and what is not sent is told", async () => {
    const described = await describeFile("body-files.yaml");
    expect(skippedIn(described)).toEqual({
      createMix: "its request body is multipart/mixed, which no tool argument can be written as",
    });
    expect(described.manifest.loosened).toEqual([
      {
        at: "#/paths/~1photos/post/requestBody/properties/picture",
        what: "the headers of its part are not sent",
      },
    ]);
  });
});

describe("answers that are files", () => {
  it("are told from texts", async () => {
    const tools = await toolsOf("body-files.yaml");
    const results = Object.fromEntries(Object.entries(tools).map(([name, { result }]) => [name, result]));
    expect(results).toMatchObject({
      get_avatar: { mediaType: "image/png", binary: true },
      create_photo: { mediaType: "image/png", binary: true },
      get_export: { mediaType: "*/*", binary: true },
      get_report: { mediaType: "text/csv" },
    });
    expect(results.get_report?.binary).toBeUndefined();
  });
});

describe("Swagger 2.0's collection formats", () => {
  it("keep their meaning in every place", async () => {
    const { get_thing: get, create_form: form, create_upload: upload } = await toolsOf("swagger-2-formats.yaml");
    const styles = (get?.params ?? []).map(({ in: place, name, style, explode }) => [place, name, style, explode]);
    expect(styles).toEqual([
      ["path", "c", undefined, undefined],
      ["path", "s", "spaceDelimited", undefined],
      ["path", "p", "pipeDelimited", undefined],
      ["path", "t", "tabDelimited", undefined],
      ["header", "hd", undefined, undefined],
      ["header", "hp", "pipeDelimited", undefined],
      ["header", "hs", "spaceDelimited", undefined],
      ["header", "ht", "tabDelimited", undefined],
      ["query", "qc", undefined, false],
      ["query", "qd", undefined, false],
      ["query", "qm", undefined, undefined],
      ["query", "qp", "pipeDelimited", undefined],
      ["query", "qs", "spaceDelimited", undefined],
      ["query", "qt", "tabDelimited", undefined],
    ]);
    expect(form?.body?.encoding).toEqual({
      fd: { style: "form", explode: false },
      fc: { style: "form", explode: false },
      fs: { style: "spaceDelimited", explode: false },
      fp: { style: "pipeDelimited", explode: false },
      ft: { style: "tabDelimited" },
      fm: { style: "form", explode: true },
    });
    expect(upload?.body).toMatchObject({ mediaType: "multipart/form-data", encoding: { file: { file: true } } });
  });
});
