import { describe, expect, it } from "vitest";
import { describeFile, toolsIn } from "./described.ts";

const cases = [
  {
    name: "merges allOf, the stricter limit of two",
    given: "schema-allof.yaml",
    want: {
      fields: {
        Boat: {
          id: { type: "string", readOnly: true },
          length: { type: "number", description: "In metres.", maximum: 99, minimum: 1 },
          sails: { type: "integer", format: "int32" },
        },
      },
      bodies: {},
      loosened: [],
      schemas: {},
    },
  },
  {
    name: "offers what a base stands for as one argument",
    given: "schema-base.yaml",
    want: {
      fields: {
        Pet: {
          name: { type: "string", description: "Called" },
          kind: { type: "string" },
          barks: { type: "boolean" },
          lives: { type: "integer" },
        },
      },
      bodies: {
        create_pet: {
          arg: "body",
          mediaType: "application/json",
          required: ["body"],
          schema: {
            anyOf: [
              {
                type: "object",
                properties: {
                  kind: { type: "string", enum: ["Cat"] },
                  lives: { type: "integer" },
                  name: { type: "string", description: "Called" },
                },
                required: ["kind"],
              },
              {
                type: "object",
                properties: {
                  barks: { type: "boolean" },
                  kind: { type: "string", enum: ["Dog"] },
                  name: { type: "string", description: "Called" },
                },
                required: ["kind"],
              },
            ],
          },
        },
      },
      loosened: [],
      schemas: {},
    },
  },
  {
    name: "names schemas that contain themselves",
    given: "schema-cycle.yaml",
    want: {
      fields: {
        Folder: {
          name: { type: "string" },
          children: { type: "array", items: { $ref: "#/$defs/Folder" } },
          owner: { $ref: "#/$defs/Owner" },
        },
      },
      bodies: {
        create_folder: { fields: ["name", "children", "owner"], mediaType: "application/json", required: ["name"] },
      },
      loosened: [],
      schemas: {
        Folder: {
          type: "object",
          properties: {
            children: { type: "array", items: { $ref: "#/$defs/Folder" } },
            name: { type: "string" },
            owner: { $ref: "#/$defs/Owner" },
          },
          required: ["name"],
        },
        Owner: { type: "object", properties: { home: { $ref: "#/$defs/Folder" } } },
      },
    },
  },
  {
    name: "gives what a discriminator chooses its own value",
    given: "schema-discriminator.yaml",
    want: {
      fields: {
        Walk: {
          guard: {
            anyOf: [
              { type: "object", properties: { loud: { type: "boolean" }, type: { type: "string", enum: ["Goose"] } } },
              {
                type: "object",
                properties: { decibels: { type: "integer" }, type: { type: "string", enum: ["Alarm"] } },
              },
            ],
          },
          pet: {
            anyOf: [
              {
                type: "object",
                properties: {
                  kind: { type: "string", enum: ["cat"] },
                  lives: { type: "integer" },
                  name: { type: "string" },
                },
                required: ["kind"],
              },
              {
                type: "object",
                properties: {
                  barks: { type: "boolean" },
                  kind: { type: "string", enum: ["dog"] },
                  name: { type: "string" },
                },
                required: ["kind"],
              },
            ],
          },
        },
      },
      bodies: { create_walk: { fields: ["pet", "guard"], mediaType: "application/json", required: ["pet"] } },
      loosened: [],
      schemas: {},
    },
  },
  {
    name: "writes nullable and exclusive limits of 3.0 as 2020-12",
    given: "schema-nullable-3.0.yaml",
    want: {
      fields: {
        Gauge: {
          colour: { anyOf: [{ type: "string", enum: ["red", "green"] }, { type: "null" }] },
          note: { description: "A remark.", anyOf: [{ type: "string", maxLength: 40 }, { type: "null" }] },
          reading: { type: "number", exclusiveMinimum: 0, maximum: 10 },
          unit: { description: "Of the reading.", anyOf: [{ type: "string", enum: ["bar", "psi"] }, { type: "null" }] },
        },
      },
      bodies: {
        create_gauge: {
          fields: ["reading", "note", "colour", "unit"],
          mediaType: "application/json",
          required: ["reading"],
        },
      },
      loosened: [],
      schemas: {},
    },
  },
  {
    name: "writes lists of types as alternatives",
    given: "schema-nullable-3.1.yaml",
    want: {
      fields: {
        Gauge: {
          anything: {},
          colour: { anyOf: [{ type: "string", enum: ["red", "green"] }, { type: "null" }] },
          never: { type: "null" },
          note: { description: "A remark.", anyOf: [{ type: "string", maxLength: 40 }, { type: "null" }] },
          reading: {
            anyOf: [
              { type: "number", exclusiveMinimum: 0 },
              { type: "string", maxLength: 5 },
            ],
          },
          state: { const: "open" },
        },
      },
      bodies: {
        create_gauge: {
          fields: ["reading", "note", "colour", "state", "anything", "never"],
          mediaType: "application/json",
          required: ["reading"],
        },
      },
      loosened: [],
      schemas: {},
    },
  },
  {
    name: "leaves out of a body what only the server sets, at any depth",
    given: "schema-readonly.yaml",
    want: {
      fields: {
        Order: {
          id: { type: "string", readOnly: true },
          lines: {
            type: "array",
            items: {
              type: "object",
              properties: { sku: { type: "string" }, total: { type: "number" } },
              required: ["sku", "total"],
            },
          },
          pin: { type: "string", writeOnly: true },
        },
      },
      bodies: {
        create_order: {
          fields: [
            "pin",
            {
              name: "lines",
              schema: {
                type: "array",
                items: { type: "object", properties: { sku: { type: "string" } }, required: ["sku"] },
              },
            },
          ],
          mediaType: "application/json",
          required: ["lines", "pin"],
        },
      },
      loosened: [],
      schemas: {},
    },
  },
  {
    name: "drops and reports what the profile cannot say",
    given: "schema-loosened.yaml",
    want: {
      fields: {
        Rule: {
          backreference: { type: "string" },
          byPattern: { type: "object", additionalProperties: { type: "integer" } },
          conditional: { type: "object", properties: { a: { type: "string" } } },
          exotic: { type: "string", description: "On the car. Format: x-license-plate." },
          header: { type: "string" },
          known: { type: "string", format: "email" },
          lookahead: { type: "string" },
          mixed: { type: "array", items: { type: "object", properties: { a: { type: "string" } } } },
          notUnicode: { type: "string" },
          safe: { type: "string", pattern: "^[a-z]+$" },
          slip: { enum: [1, 2] },
          unique: { type: "array", items: { type: "string" }, uniqueItems: true },
        },
      },
      bodies: {
        create_rule: {
          fields: [
            "safe",
            "lookahead",
            "backreference",
            "notUnicode",
            "exotic",
            "known",
            "mixed",
            "unique",
            "byPattern",
            "conditional",
            "header",
            "slip",
          ],
          mediaType: "application/json",
        },
      },
      loosened: [
        "#/paths/~1rules/post/requestBody/properties/backreference: pattern dropped: not every validator can run it in linear time",
        "#/paths/~1rules/post/requestBody/properties/byPattern: patternProperties: other names are allowed too",
        "#/paths/~1rules/post/requestBody/properties/conditional: if dropped",
        "#/paths/~1rules/post/requestBody/properties/conditional: then dropped",
        "#/paths/~1rules/post/requestBody/properties/lookahead: pattern dropped: not every validator can run it in linear time",
        "#/paths/~1rules/post/requestBody/properties/mixed: uniqueItems dropped: comparing objects takes quadratic time",
        "#/paths/~1rules/post/requestBody/properties/notUnicode: pattern dropped: not every validator can run it in linear time",
      ],
      schemas: {},
    },
  },
  {
    name: "marks secret and heavy fields, and says what ids are of, by their names",
    given: "names-of-fields.yaml",
    want: {
      fields: {
        Account: {
          id: { type: "string" },
          accessToken: { type: "string", secret: true },
          apiKey: { type: "string", secret: true },
          apiKeyId: { type: "string" },
          avatar: { type: "string", format: "byte", heavy: true },
          backupCodes: { type: "array", items: { type: "string" }, secret: true },
          bodyHtml: { type: "string", heavy: true },
          essay: { type: "string", heavy: true, maxLength: 50000 },
          hasPassword: { type: "boolean" },
          labels: { type: "object", additionalProperties: { type: "string" } },
          maxTokens: { type: "integer" },
          metadata: { type: "object" },
          nextPageToken: { type: "string" },
          onCallPolicyId: {
            type: "string",
            description: "On Call Policy id, found with list_on_call_policies.",
            format: "uuid",
          },
          password: { type: "string", secret: true },
          passwordChangedAt: { type: "string", format: "date-time" },
          payload: { type: "object", heavy: true },
          pin: { type: "string", format: "password", secret: true },
          previousOnCallPolicyIds: {
            type: "array",
            description: "On Call Policy ids, found with list_on_call_policies.",
            items: { type: "string" },
          },
        },
        OnCallPolicy: { id: { type: "string" } },
      },
      bodies: {},
      loosened: [],
      schemas: {},
    },
  },
  {
    name: "brings several files together under the names they had",
    given: "multi-file/openapi.yaml",
    want: {
      fields: {
        Gadget: { id: { type: "string" }, part: { $ref: "#/$defs/Part" } },
        Widget: { id: { type: "string" }, parts: { type: "array", items: { $ref: "#/$defs/Part" } } },
      },
      bodies: {},
      loosened: [],
      schemas: {
        Part: { type: "object", properties: { name: { type: "string" }, of: { $ref: "#/$defs/Widget" } } },
        Widget: {
          type: "object",
          properties: { id: { type: "string" }, parts: { type: "array", items: { $ref: "#/$defs/Part" } } },
        },
      },
    },
  },
];

describe("the schemas of a tiny document", () => {
  for (const { name, given, want } of cases)
    it(name, async () => {
      const { api, manifest } = await describeFile(given);
      const bodies = api.resources
        .flatMap(toolsIn)
        .flatMap(({ name, body }) => (body === undefined ? [] : [[name, body]]));
      expect({
        fields: Object.fromEntries(api.resources.map((resource) => [resource.name, resource.fields])),
        bodies: Object.fromEntries(bodies),
        schemas: api.schemas,
        loosened: manifest.loosened.map(({ at, what }) => `${at}: ${what}`),
      }).toStrictEqual(want);
    });
});
