import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { factsOf } from "../../codegen/classify/facts.ts";
import { indexPaths } from "../../codegen/classify/pathIndex.ts";
import type { RuleExample } from "../../codegen/classify/rule.ts";
import { rules } from "../../codegen/classify/rules/index.ts";
import type { Document } from "../../codegen/model.ts";
import { listOperations } from "../../codegen/operations.ts";
import { classified, list, object, type Short, tiny, toolsOf } from "./tiny.ts";

const specs = resolve(import.meta.dirname, "../specs");

describe("each rule", () => {
  for (const rule of rules) {
    describe(`"${rule.title}"`, () => {
      it("names itself, its sentence and where it is written down", () => {
        expect(rule.sentence).toMatch(/\.$/);
        expect(rule.source).toMatch(/^https:\/\//);
        expect(rule.examples.length).toBeGreaterThan(0);
      });
      for (const example of rule.examples) {
        it(`${example.given} → ${example.kind ?? "nothing"}`, () =>
          expect(findingOf(rule.read, example)).toEqual(wantOf(example)));
      }
    });
  }

  function findingOf(
    read: (typeof rules)[number]["read"],
    { beside = [], kind, effect, ...short }: RuleExample,
  ): unknown {
    const document = tiny([short, ...beside]);
    const operations = listOperations(document);
    const [method, path] = short.given.split(" ");
    const operation = operations.find((one) => one.method === method && one.path === path);
    if (operation === undefined) throw new Error(`no operation ${short.given}`);
    const [found] = read(factsOf(operation, indexPaths(operations, document)));
    if (found === undefined) return { kind: undefined };
    expect(found.weight).toBeGreaterThan(0);
    expect(found.because).not.toBe("");
    return {
      kind: found.kind,
      ...(effect !== undefined && { effect: found.effect ?? (kind === "delete" ? "destroy" : undefined) }),
    };
  }

  function wantOf({ kind, effect }: RuleExample): unknown {
    return { kind, ...(effect !== undefined && { effect }) };
  }
});

describe("regressions others shipped (docs/upstream-apis.md §5)", () => {
  it("1: POST /x/count, /x/get-list and POST /x/{id} are never Create", () => {
    const bare = tiny(["POST /x/count", "POST /x/get-list", "POST /x/{id}", "POST /x/{id}/get-item"]);
    expect(classified(bare).decisions.map(({ kind }) => kind)).not.toContain("create");
  });

  it("5: two tools never share a name", () => {
    const document = tiny(["POST /a/sync", "POST /a/{id}/sync", "POST /a:sync", "POST /a.sync"]);
    const names = Object.values(toolsOf(document));
    expect(new Set(names).size).toBe(4);
  });
});

describe("effects", () => {
  const cases: [given: Short, want: string][] = [
    ["GET /x/{id}/delete-item", "destroy"],
    ["GET /x/{id}/run", "write"],
    ["GET /x/{id}/activate", "write"],
    ["GET /x/{id}/archive", "write"],
    ["POST /x/frobnicate", "write"],
    [{ given: "GET /x/{id}/stop", answer: object("state") }, "write"],
    [{ given: "GET /x/{id}/open", answer: object("state") }, "write"],
    [{ given: "GET /x/{id}/import", answer: object("state") }, "write"],
    [{ given: "GET /x/{id}/drop", answer: object("state") }, "destroy"],
    [{ given: "GET /x/{id}/review", answer: object("text") }, "read"],
    [{ given: "POST /notifications/{id}/read", answer: object("id", "seen") }, "write"],
    [{ given: "POST /notifications/{id}/read readNotification", answer: object("id", "seen") }, "write"],
    ["PUT /notifications/read", "write"],
    ["POST /offers/{id}/list", "write"],
    ["POST /documents/index", "write"],
    ["POST /videos/{id}/view viewVideo", "write"],
    ["POST /repos/{id}/fetch", "write"],
    ["POST /x/{id}/purge", "destroy"],
    ["POST /x/{id}/reset", "destroy"],
    ["POST /x/check", "write"],
    ["GET /x/export", "read"],
    ["POST /x/search", "read"],
    ["POST /x/preview", "read"],
    ["DELETE /x", "destroy"],
    ["PUT /x/bulk", "destroy"],
    ["PATCH /x/bulk", "write"],
    ["POST /", "write"],
    ["DELETE /", "destroy"],
    ["POST /{id}", "write"],
  ];
  for (const [given, want] of cases) {
    it(`${given}: ${want}`, () =>
      expect(classified(tiny([given])).decisions.map(({ effect }) => effect)).toEqual([want]));
  }

  it("of a GET beside the write of the same thing is to read, of a twin it is not", () => {
    const document = tiny([
      { given: "GET /x/{id}/lock", answer: object("by") },
      { given: "PUT /x/{id}/lock", body: object("by") },
    ]);
    expect(toolsOf(document)).toEqual({
      "GET /x/{id}/lock": "get_lock (read)",
      "PUT /x/{id}/lock": "update_lock (write)",
    });
  });
});

describe("conflicts", () => {
  const clash = tiny(["GET /users/{id} deleteUser", "GET /users"]);

  it("stop classification and print the override to write", () => {
    const given = (): unknown => classified(clash, { allowConflicts: false });
    expect(given).toThrow(
      /1 operation cannot be classified:\nGET \/users\/\{id\} \(#\/paths\/~1users~1\{id\}\/get\): operationId says "delete"/,
    );
    expect(given).toThrow(
      expect.objectContaining({
        code: "invalid_request",
        facts: expect.objectContaining({
          next: expect.stringContaining('codegen:\n  operations:\n    "deleteUser":\n      kind: delete   # or get'),
        }),
      }),
    );
  });

  it("become actions with the most careful effect where they are allowed", () => {
    const { conflicts, decisions } = classified(clash);
    expect(conflicts).toHaveLength(1);
    expect(conflicts[0]).toMatchObject({ kind: "action", verb: "delete", effect: "destroy", resource: "User" });
    expect(decisions).toContain(conflicts[0]);
  });

  const cases: [given: Short, isConflict: boolean][] = [
    ["DELETE /users/{id} listUsers", true],
    ["DELETE /users/{id} getUser", false],
    ["GET /users/{id} triggerUser", true],
    ["POST /users/{id} deleteUser", false],
    ["POST /users/count createUser", true],
    ["POST /users/get-list createUser", true],
    ["POST /logs/{id} getLogItem", false],
    ["PUT /users/{id}/count countUsers", true],
    [{ given: "GET /users createUser", answer: list("id") }, true],
    ["PATCH /users/{id} archiveUser", false],
  ];
  for (const [given, isConflict] of cases) {
    const text = typeof given === "string" ? given : given.given;
    it(`${text}: ${isConflict ? "conflict" : "none"}`, () => {
      expect(classified(tiny([given])).conflicts.length > 0).toBe(isConflict);
    });
  }
});

describe("what is skipped has its reason", () => {
  const stream = { "200": { description: "", content: { "text/event-stream": {} } } };
  const cases: [given: Short, beside: readonly string[], want: RegExp][] = [
    ["HEAD /x", ["GET /x"], /the GET at the same path is a tool/],
    ["HEAD /x", [], /answers no body/],
    ["OPTIONS /x", [], /describes the communication/],
    ["TRACE /x", [], /echoes a request/],
    ["POST /graphql", [], /GraphQL/],
    [{ given: "POST /api/data", body: object("query", "variables", "operationName") }, [], /GraphQL/],
    ["GET /a.v1.B/ListC", ["POST /a.v1.B/ListC"], /GET twin/],
    [{ given: "GET /x/live", responses: stream }, [], /endless stream/],
    [{ given: "GET /watch/pods", extensions: { "x-kubernetes-action": "watchlist" } }, [], /endless stream/],
  ];
  for (const [given, beside, want] of cases) {
    it(`${typeof given === "string" ? given : given.given} ${beside.join(" ")}`, () => {
      const { skipped } = classified(tiny([given, ...beside]));
      expect(skipped.map(({ reason }) => reason)).toEqual([expect.stringMatching(want)]);
    });
  }

  it("and a body of query alone is a search, not GraphQL", () => {
    expect(classified(tiny([{ given: "POST /things/search", body: object("query") }])).skipped).toEqual([]);
  });
});

describe("resource types", () => {
  it("of one noun under two parents are one where the schemas are alike", () => {
    const comment = object("id", "body", "author");
    const document = tiny([
      { given: "GET /issues/{n}/comments", answer: { type: "array", items: comment } },
      { given: "GET /issues/comments/{id}", answer: comment },
      { given: "GET /commits/{sha}/comments", answer: { type: "array", items: comment } },
    ]);
    expect(toolsOf(document)).toEqual({
      "GET /commits/{sha}/comments": "list_commit_comments (read)",
      "GET /issues/comments/{id}": "get_comment (read)",
      "GET /issues/{n}/comments": "list_comments (read)",
    });
  });

  it("of one noun under two parents are two where they differ", () => {
    const document = tiny([
      { given: "GET /settings", answer: object("timezone", "language") },
      { given: "GET /users/{id}/settings", answer: object("locale", "digest") },
    ]);
    expect(classified(document).decisions.map(({ resource }) => resource)).toEqual(["Settings", "UserSettings"]);
  });

  it("take the name their operationIds agree on, and the path's where they do not", () => {
    const agreed = tiny(["GET /duty listOnCallDutyPolicy", "GET /duty/{id} getOnCallDutyPolicyById"]);
    expect(new Set(classified(agreed).decisions.map(({ resource }) => resource))).toEqual(
      new Set(["OnCallDutyPolicy"]),
    );
    const torn = tiny(["GET /duty listShift", "GET /duty/{id} getPerson"]);
    expect(new Set(classified(torn).decisions.map(({ resource }) => resource))).toEqual(new Set(["Duty"]));
  });

  it("keep a preposition that all their operationIds have", () => {
    const document = tiny(["GET /a listRefundByOrder", "GET /a/{id} getRefundByOrder", "POST /a createRefundByOrder"]);
    expect(classified(document).decisions[0]?.resource).toBe("RefundByOrder");
  });

  it("leave one tool per kind: the most general, the others as actions that say how they differ", () => {
    const pods = list("name", "node");
    const document = tiny([
      { given: "GET /pods", answer: pods },
      { given: "GET /namespaces/{ns}/pods", answer: pods },
      { given: "GET /namespaces/{ns}/pods/{name}", answer: object("name", "node") },
      "PUT /namespaces/{ns}/pods/{name}",
      "PATCH /namespaces/{ns}/pods/{name}",
    ]);
    expect(toolsOf(document)).toEqual({
      "GET /pods": "list_pods (read)",
      "GET /namespaces/{ns}/pods": "list_namespace_pods (read)",
      "GET /namespaces/{ns}/pods/{name}": "get_pod (read)",
      "PATCH /namespaces/{ns}/pods/{name}": "update_pod (write)",
      "PUT /namespaces/{ns}/pods/{name}": "replace_pod (write)",
    });
  });

  it("take a search for their List where they have no other", () => {
    const document = tiny([{ given: "POST /things/search", answer: list("id") }, "GET /things/{id}"]);
    expect(toolsOf(document)).toEqual({
      "GET /things/{id}": "get_thing (read)",
      "POST /things/search": "list_things (read)",
    });
  });
});

describe("every operation", () => {
  it("is in exactly one place, with evidence and a confidence, whatever the path looks like", () => {
    const odd = [
      "/",
      "//",
      "/{id}",
      "/{a}/{b}",
      "/x/",
      "/x//y",
      "/{x}.json",
      "/x({id})",
      "/x/$count",
      "/:id",
      "/x:y:z",
      "/x?y=1",
      "/%7Bid%7D",
      "/…",
    ];
    const document = tiny(
      odd.flatMap((path) => ["GET", "POST", "PUT", "PATCH", "DELETE"].map((method) => `${method} ${path}`)),
    );
    const { decisions, skipped } = classified(document);
    expect(decisions.length + skipped.length).toBe(odd.length * 5);
    expect(
      decisions.filter(
        ({ evidence, confidence, resource }) => evidence.length === 0 || !(confidence > 0) || resource === "",
      ),
    ).toEqual([]);
    expect(new Set(Object.values(toolsOf(document)).map((tool) => tool.split(" ")[0])).size).toBe(odd.length * 5);
  });
});

describe("scale and order", () => {
  it("bears two thousand operations on one noun under a thousand parents", () => {
    const operations = Array.from({ length: 1000 }, (_, at): Short[] => [
      { given: `GET /p${at}/{id}/notes`, answer: list(`a${at}`, `b${at}`, `c${at}`) },
      { given: `POST /p${at}/{id}/notes`, body: object(`a${at}`) },
    ]).flat();
    const document = tiny(operations);
    const start = performance.now();
    const names = Object.values(toolsOf(document));
    expect(performance.now() - start).toBeLessThan(5000);
    expect(new Set(names).size).toBe(2000);
  });

  it("is not led astray by a path of many parameters that its operationId repeats", () => {
    const many = Array.from({ length: 40 }, (_, at) => `{id${at}}`).join("/");
    const document = tiny([`POST /${many} post_${"id_".repeat(20)}x`]);
    const start = performance.now();
    expect(classified(document).decisions).toHaveLength(1);
    expect(performance.now() - start).toBeLessThan(200);
  });

  for (const style of readdirSync(specs).filter((file) => file.startsWith("style-"))) {
    it(`${style} comes out the same from any order of its paths`, () => {
      const document = parse(readFileSync(join(specs, style), "utf8")) as Document;
      const paths = Object.entries(document.paths ?? {});
      const rotated = [...paths.slice(7), ...paths.slice(0, 7)];
      const expected = toolsOf(document);
      for (const order of [paths.toReversed(), rotated]) {
        expect(toolsOf({ ...document, paths: Object.fromEntries(order) } as Document)).toEqual(expected);
      }
    });
  }
});
