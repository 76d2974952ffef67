import { describe, expect, it } from "vitest";
import type { Document } from "../../codegen/model.ts";
import { listOperations } from "../../codegen/operations.ts";
import { tiny } from "./tiny.ts";

describe("listOperations", () => {
  it("sorts by path, then method, whatever the document's order", () => {
    const forward = tiny(["PUT /b", "GET /a", "DELETE /a", "QUERY /a", "HEAD /b"]);
    const backward = tiny(["HEAD /b", "QUERY /a", "DELETE /a", "GET /a", "PUT /b"]);
    const ids = listOperations(forward).map(({ id }) => id);
    expect(ids).toEqual(["DELETE /a", "GET /a", "QUERY /a", "HEAD /b", "PUT /b"]);
    expect(listOperations(backward)).toEqual(listOperations(forward));
  });

  it("merges the path's parameters under the operation's own and follows references", () => {
    const document = {
      ...tiny([]),
      components: {
        parameters: { Id: { name: "id", in: "path", schema: { type: "string" } } },
        requestBodies: { Body: { required: true, content: { "application/json": { schema: { type: "object" } } } } },
        responses: {
          Ok: {
            description: "fine",
            headers: { "X-Total-Count": { schema: { type: "integer" } } },
            content: { "text/plain": {} },
          },
        },
      },
      paths: {
        "/a/{id}": {
          parameters: [{ $ref: "#/components/parameters/Id" }, { name: "q", in: "query", schema: { type: "string" } }],
          post: {
            parameters: [
              { name: "q", in: "query", required: true, schema: { type: "integer" } },
              { name: "q", in: "header", schema: {} },
            ],
            requestBody: { $ref: "#/components/requestBodies/Body" },
            responses: { "200": { $ref: "#/components/responses/Ok" }, "x-note": "no answer" },
          },
        },
      },
    } as unknown as Document;
    const [operation] = listOperations(document);
    expect(
      operation?.params.map(({ name, in: place, required, schema }) => [name, place, required, schema.type]),
    ).toEqual([
      ["id", "path", true, "string"],
      ["q", "query", true, "integer"],
      ["q", "header", false, undefined],
    ]);
    expect(operation?.body).toEqual({
      required: true,
      content: [{ mediaType: "application/json", schema: { type: "object" } }],
    });
    expect(operation?.responses).toEqual([
      {
        status: "200",
        description: "fine",
        content: [{ mediaType: "text/plain" }],
        headers: { "x-total-count": { type: "integer" } },
      },
    ]);
    expect(operation?.pointer).toBe("#/paths/~1a~1{id}/post");
  });

  it("follows a path item's reference", () => {
    const document = {
      ...tiny([]),
      components: { pathItems: { A: { get: { operationId: "listA", responses: {} } } } },
      paths: { "/a": { $ref: "#/components/pathItems/A" } },
    } as unknown as Document;
    expect(listOperations(document).map(({ id, path }) => `${id} ${path}`)).toEqual(["listA /a"]);
  });

  it("takes neither webhooks nor callbacks nor extensions for operations", () => {
    const document = {
      ...tiny([{ given: "POST /a", callbacks: { done: { "{$request.body#/url}": { post: { responses: {} } } } } }]),
      webhooks: { fired: { post: { responses: {} } } },
    } as unknown as Document;
    expect(
      listOperations({ ...document, paths: { ...document.paths, "x-internal": { get: {} } } } as unknown as Document),
    ).toHaveLength(1);
  });

  it("refuses an operationId given twice, naming both places", () => {
    const given = (): unknown => listOperations(tiny(["GET /b same", "GET /a same"]));
    expect(given).toThrow('operationId "same" is given twice: #/paths/~1a/get and #/paths/~1b/get');
    expect(given).toThrow(expect.objectContaining({ code: "invalid_request" }));
  });

  it("identifies an operation without an operationId by method and path", () => {
    const ids = listOperations(tiny(["GET /a", "GET /b"])).map(({ id, operationId }) => [id, operationId]);
    expect(ids).toEqual([
      ["GET /a", undefined],
      ["GET /b", undefined],
    ]);
  });

  it("survives references that dangle or go in circles", () => {
    const document = {
      ...tiny([]),
      components: { parameters: { Loop: { $ref: "#/components/parameters/Loop" } } },
      paths: {
        "/a": { get: { parameters: [{ $ref: "#/components/parameters/Loop" }, { $ref: "#/nowhere" }], responses: {} } },
      },
    } as unknown as Document;
    expect(listOperations(document)[0]?.params).toEqual([]);
  });
});
