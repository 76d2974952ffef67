import { describe, expect, it } from "vitest";
import { describeFile } from "./described.ts";

describe("parameters", () => {
  it("say how they are written where that is not the default of their place", async () => {
    const { api, manifest } = await describeFile("params-styles.yaml");
    const get = api.resources[0]?.tools.get;
    expect(get?.params).toStrictEqual([
      {
        name: "area",
        in: "path",
        arg: "area",
        required: true,
        schema: { type: "array", description: "Where it is.", items: { type: "string" } },
      },
      { name: "id", in: "path", arg: "id", explode: true, required: true, schema: { type: "string" }, style: "matrix" },
      { name: "api-version", in: "query", value: "2026-01-01" },
      { name: "theme", in: "cookie", arg: "theme", schema: { type: "string" } },
      { name: "X-Trace", in: "header", arg: "X-Trace", schema: { type: "string", description: "Deprecated. For us." } },
      {
        name: "csv",
        in: "query",
        arg: "csv",
        allowReserved: true,
        explode: false,
        schema: { type: "array", items: { type: "string" } },
      },
      {
        name: "filter",
        in: "query",
        arg: "filter",
        explode: true,
        schema: { type: "object", properties: { a: { type: "string" } } },
        style: "deepObject",
      },
      {
        name: "json",
        in: "query",
        arg: "json",
        content: "application/json",
        schema: { type: "object", properties: { b: { type: "boolean" } } },
      },
      { name: "limit", in: "query", arg: "limit_value", schema: { type: "integer" } },
      {
        name: "piped",
        in: "query",
        arg: "piped",
        schema: { type: "array", items: { type: "integer" } },
        style: "pipeDelimited",
      },
      { name: "tag[]", in: "query", arg: "tag", schema: { type: "array", items: { type: "string" } } },
    ]);
    expect(get?.result).toStrictEqual({ mediaType: "text/csv" });
    expect(manifest.loosened.map(({ what }) => what)).toEqual([
      "the argument is named limit_value",
      "the argument is named tag",
    ]);
  });
});

describe("security", () => {
  it("is the document's unless an operation has its own", async () => {
    const { api } = await describeFile("security-kinds.yaml");
    expect(api.securitySchemes).toStrictEqual({
      basic: { type: "http", scheme: "basic" },
      bearer: { type: "http", scheme: "bearer" },
      cookie: { name: "sid", type: "apiKey", in: "cookie" },
      key: { name: "key", type: "apiKey", in: "query" },
      oauth: { type: "oauth2" },
      oidc: { type: "openIdConnect" },
      tls: { type: "mutualTLS" },
    });
    expect(api.security).toStrictEqual([{ key: [] }]);
    expect(Object.fromEntries(api.resources.map(({ name, tools }) => [name, tools.list?.security]))).toStrictEqual({
      A: undefined,
      B: [],
      C: [{ basic: [], key: [] }, { oauth: ["read"] }],
      D: undefined,
      E: [{ cookie: [] }],
    });
  });
});

describe("Swagger 2.0", () => {
  it("is read as OpenAPI 3.1", async () => {
    const { api, manifest } = await describeFile("swagger-2.yaml");
    expect(manifest.spec.openapi).toBe("2.0");
    expect(api.securitySchemes).toStrictEqual({ basic: { type: "http", scheme: "basic" } });
    expect(api.resources).toStrictEqual([
      {
        name: "Pet",
        plural: "Pets",
        title: "Pet",
        ids: ["petId"],
        tools: {
          count: {
            name: "count_pets",
            title: "Count Pets",
            kind: "count",
            effect: "read",
            description: "Count Pets, with the filters of list_pets.",
            operation: { id: "listPets", method: "GET", path: "/pets" },
            count: { from: "list" },
          },
          get: {
            name: "get_pet",
            title: "Get Pet",
            kind: "get",
            effect: "read",
            description: "Get Pet.",
            operation: { id: "getPet", method: "GET", path: "/pets/{petId}" },
            params: [
              {
                name: "petId",
                in: "path",
                arg: "petId",
                required: true,
                schema: { type: "integer", description: "Pet id, found with list_pets.", format: "int64" },
              },
            ],
            result: { noun: true },
          },
          list: {
            name: "list_pets",
            title: "List Pets",
            kind: "list",
            effect: "read",
            description: "List Pets.",
            operation: { id: "listPets", method: "GET", path: "/pets" },
            params: [
              {
                name: "tags",
                in: "query",
                arg: "tags",
                explode: false,
                schema: { type: "array", items: { type: "string" } },
              },
            ],
            result: { noun: true },
            paging: { style: "none" },
          },
          update: {
            name: "update_pet",
            title: "Update Pet",
            kind: "update",
            effect: "write",
            description: "Update Pet.",
            operation: { id: "updatePet", method: "PUT", path: "/pets/{petId}" },
            params: [
              {
                name: "petId",
                in: "path",
                arg: "petId",
                required: true,
                schema: { type: "integer", description: "Pet id, found with list_pets.", format: "int64" },
              },
            ],
            body: { fields: ["name", "note"], mediaType: "application/json", required: ["name"] },
            result: { empty: true },
            notes: ["The whole object is needed: what is left out may be reset."],
          },
        },
        fields: {
          id: { type: "integer", format: "int64", readOnly: true },
          name: { type: "string" },
          note: { anyOf: [{ type: "string" }, { type: "null" }] },
        },
        actions: {},
      },
    ]);
  });
});
