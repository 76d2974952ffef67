import { describe, expect, it } from "vitest";
import { describeFile, skippedIn, toolsIn } from "./described.ts";

const cases = [
  {
    name: "unwraps a body with one required property that holds the noun",
    given: "body-wrapped.yaml",
    want: {
      bodies: {
        create_monitor: { fields: ["name"], mediaType: "application/json", required: ["name"], wrap: ["data"] },
        create_probe: { fields: ["name"], mediaType: "application/json", required: ["name"], wrap: ["probe"] },
      },
      renamed: [],
      skipped: {},
    },
  },
  {
    name: "renames properties that clash with other arguments",
    given: "body-clash.yaml",
    want: {
      bodies: {
        update_view: {
          fields: [
            { name: "id", arg: "id_value" },
            { name: "limit", arg: "limit_value2" },
            "limit_value",
            { name: "order by", arg: "order_by" },
            { name: "$top", arg: "top" },
            "query",
          ],
          mediaType: "application/json",
          required: ["id_value", "limit_value2"],
        },
      },
      renamed: [
        "the argument is named top",
        "the argument is named id_value",
        "the argument is named limit_value2",
        "the argument is named order_by",
      ],
      skipped: {},
    },
  },
  {
    name: "sends every kind of body that can be sent, and gives a reason for the others",
    given: "body-kinds.yaml",
    want: {
      bodies: {
        bulk_create_lists: {
          arg: "body",
          mediaType: "application/json",
          required: ["body"],
          schema: { type: "array", items: { type: "string" } },
        },
        create_blob: {
          arg: "body",
          mediaType: "application/xml",
          required: ["body"],
          schema: { type: "string", description: "The text, as application/xml." },
        },
        create_file: {
          fields: [
            {
              name: "file",
              schema: {
                type: "string",
                description:
                  "A file: base64, or a data URI such as data:image/png;name=logo.png;base64,… or data:text/plain,Hello",
              },
            },
          ],
          encoding: { file: { file: true } },
          mediaType: "multipart/form-data",
        },
        create_form: { fields: ["a"], mediaType: "application/x-www-form-urlencoded", required: ["a"] },
        create_free: {
          fields: [],
          extra: {
            arg: "extra",
            schema: { type: "object", description: "The properties to send, by name.", additionalProperties: true },
          },
          mediaType: "application/json",
          optional: true,
        },
        create_map: {
          fields: ["name"],
          extra: {
            arg: "extra",
            schema: {
              type: "object",
              description: "Further properties, by name.",
              additionalProperties: { type: "integer" },
            },
          },
          mediaType: "application/json",
          optional: true,
        },
        create_note: {
          arg: "body",
          mediaType: "text/plain",
          required: ["body"],
          schema: { type: "string", maxLength: 9 },
        },
        create_union: {
          arg: "body",
          mediaType: "application/json",
          optional: true,
          schema: {
            anyOf: [
              { type: "object", properties: { a: { type: "string" } }, required: ["a"] },
              { type: "object", properties: { b: { type: "integer" } }, required: ["b"] },
            ],
          },
        },
        update_patch: { fields: ["a"], mediaType: "application/merge-patch+json" },
      },
      renamed: ["oneOf served as anyOf: a value may fit several of its alternatives"],
      skipped: {
        createEmpty: "its request body declares no properties and allows no others, so there is nothing to send",
      },
    },
  },
];

describe("request bodies", () => {
  for (const { name, given, want } of cases)
    it(name, async () => {
      const described = await describeFile(given);
      const tools = described.api.resources.flatMap(toolsIn);
      const bodies = tools.flatMap(({ name, body }) => (body === undefined ? [] : [[name, body]]));
      expect({
        bodies: Object.fromEntries(bodies),
        skipped: skippedIn(described),
        renamed: described.manifest.loosened.map(({ what }) => what),
      }).toStrictEqual(want);
    });
});
