import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { maxToolName, type NamedResource, nameAll, shortened } from "../../codegen/names.ts";
import { classified, list, object, type Short, tiny, toolsOf } from "./tiny.ts";

function named(operations: readonly Short[]): NamedResource[] {
  return nameAll(classified(tiny(operations)));
}

function tools(operations: readonly Short[]): string[] {
  return named(operations).flatMap(({ decisions }) => decisions.map(({ tool }) => tool));
}

describe("tool names", () => {
  it("are the six of DESIGN §6.1 and verb_noun for actions", () => {
    const operations = [
      "GET /monitors",
      "POST /monitors",
      "GET /monitors/count",
      "GET /monitors/{id}",
      "PATCH /monitors/{id}",
      "PUT /monitors/{id}",
      "DELETE /monitors/{id}",
      "POST /monitors/{id}/pause",
    ];
    expect(tools(operations)).toEqual([
      "list_monitors",
      "count_monitors",
      "get_monitor",
      "create_monitor",
      "update_monitor",
      "delete_monitor",
      "pause_monitor",
      "replace_monitor",
    ]);
  });

  it("do not depend on the order of the document", () => {
    const operations = [
      "GET /a/{id}/export",
      "POST /a/{id}/export",
      "GET /b/notes",
      "GET /c/notes",
      "GET /a",
      "POST /x:frob",
      "POST /x/frob",
    ];
    expect(toolsOf(tiny([...operations].reverse()))).toEqual(toolsOf(tiny(operations)));
  });

  it("stay unique where singular and plural are one word", () => {
    const found = tools(["GET /series", "GET /series/{id}", "GET /series/count", "GET /data", "GET /data/{id}"]);
    expect(new Set(found).size).toBe(found.length);
    expect(found).toContain("list_series");
    expect(found).toContain("get_series");
  });

  it("of one verb on one noun are told apart", () => {
    expect(toolsOf(tiny(["POST /a/{id}/sync", "PUT /a/{id}/sync"]))).toEqual({
      "POST /a/{id}/sync": "sync_a (write)",
      "PUT /a/{id}/sync": "sync_a_put (write)",
    });
  });

  it("put qualifying words where they read well", () => {
    const document = tiny([
      { given: "GET /incidents", answer: list("id", "title") },
      { given: "GET /incidents/open", answer: list("id", "title") },
      { given: "GET /incidents/by-key/{key}", answer: object("id", "title") },
      { given: "GET /incidents/{id}", answer: object("id", "title") },
      { given: "POST /incidents/{id}/uploadImage" },
      { given: "GET /incidents/export" },
    ]);
    expect(Object.values(toolsOf(document))).toEqual([
      "list_incidents (read)",
      "get_incident_by_key (read)",
      "export_incidents (read)",
      "list_open_incidents (read)",
      "get_incident (read)",
      "upload_incident_image (write)",
    ]);
  });

  it("never take the name of a Count derived from the List", () => {
    const found = named([
      { given: "GET /pets", answer: list("id") },
      { given: "GET /pets/count", answer: object("dogs", "cats") },
    ]);
    const [pets] = found;
    expect(pets?.countTool).toBe("count_pets");
    expect(pets?.decisions.map(({ tool }) => tool)).not.toContain("count_pets");
  });

  it("of a derived Count gives way to an override of the same name", () => {
    const overrides = { "POST /x": { tool: "count_pets", why: "odd" } };
    const [pets] = nameAll(classified(tiny([{ given: "GET /pets", answer: list("id") }, "POST /x"]), { overrides }));
    expect(pets?.countTool).toMatch(/^count_pets_[0-9a-f]{4}$/);
  });

  it("longer than 56 characters lose words from the middle and gain a digest", () => {
    const long = `list_${Array.from({ length: 12 }, (_, at) => `word${at}`).join("_")}`;
    const digest = createHash("sha256").update(long).digest("hex").slice(0, 4);
    const short = shortened(long);
    expect(short).toMatch(new RegExp(`^list_word0_.*_word11_${digest}$`));
    expect(short.length).toBeLessThanOrEqual(maxToolName);
    expect(shortened("x".repeat(80))).toHaveLength(maxToolName);
    expect(shortened("list_monitors")).toBe("list_monitors");
    expect(tools([`GET /${"very-long-".repeat(12)}nouns`, `GET /${"very-long-".repeat(11)}other-nouns`])).toHaveLength(
      2,
    );
  });

  const hostile = [
    "__proto__",
    "constructor",
    "мониторы",
    "監視",
    "%20",
    "!!!",
    "a\u202eb",
    "hasOwnProperty",
    "toString",
    "3d",
    "con",
    "class",
  ];
  it("of hostile nouns are plain, unique and none is lost", () => {
    const found = tools(hostile.flatMap((noun) => [`GET /${noun}`, `GET /${noun}/{id}`]));
    expect(found).toHaveLength(hostile.length * 2);
    expect(new Set(found).size).toBe(found.length);
    expect(found.filter((name) => !/^[a-z0-9_]{1,56}$/.test(name))).toEqual([]);
  });

  it("given by overrides must be valid and free", () => {
    const document = tiny(["GET /a listA", "GET /b listB"]);
    const withTool = (tool: string, alias: string) => () =>
      toolsOf(document, { overrides: { listA: { tool, why: "x" }, listB: { aliases: [alias], why: "x" } } });
    expect(withTool("Bad Name", "ok")).toThrow(/"Bad Name", given for listA, is no tool name/);
    expect(withTool("same", "same")).toThrow(/the tool name "same" is given to listA and to listB/);
    expect(withTool("list_bs", "other")()).toEqual({
      "GET /a": "list_bs (read)",
      "GET /b": expect.not.stringMatching(/^list_bs /),
    });
  });
});

describe("resource names", () => {
  it("make files and constants that no platform or language refuses", () => {
    const found = named(["GET /class", "GET /con", "GET /Index", "GET /new"]);
    expect(found.map(({ file, constant }) => [file, constant])).toEqual([
      ["class", "classResource"],
      ["conResource", "con"],
      ["indexResource", "index"],
      ["new", "newResource"],
    ]);
  });

  it("take their title from a tag that is theirs alone and shares a word", () => {
    const titled = (tags: string[], given: string): Short => ({ given, tags });
    const found = named([
      titled(["On-Call Policy"], "POST /on-call-duty-policy listOnCallDutyPolicy"),
      titled(["store"], "GET /orders"),
      titled(["Widgets"], "GET /widgets"),
      titled(["Shared"], "GET /shared-things"),
      titled(["Shared"], "GET /shared-others"),
      titled(["<b>widget</b>"], "GET /widget-parts"),
    ]);
    expect(Object.fromEntries(found.map(({ name, title, pluralTitle }) => [name, `${title}, ${pluralTitle}`]))).toEqual(
      {
        OnCallDutyPolicy: "On-Call Policy, On-Call Policies",
        Order: "Order, Orders",
        Widget: "Widget, Widgets",
        SharedThing: "Shared Thing, Shared Things",
        SharedOther: "Shared Other, Shared Others",
        WidgetPart: "Widget Part, Widget Parts",
      },
    );
  });

  it("do not fall together when two tables share a tag", () => {
    const short = (given: string): Short => ({ given, tags: ["Subscriber Notification Template"] });
    const found = named([
      short("POST /t/get-list listStatusPageSubscriberNotificationTemplate"),
      short("POST /s/get-list listStatusPageSubscriberNotificationTemplateStatusPage"),
    ]);
    expect(found.map(({ name }) => name)).toHaveLength(2);
    expect(new Set(found.flatMap(({ decisions }) => decisions.map(({ tool }) => tool))).size).toBe(2);
  });

  it("titles tools with the title of the noun", () => {
    const [policy] = named([
      { given: "GET /duty-policies/{id}", tags: ["On-Call Policy"] },
      { given: "GET /duty-policies", answer: list("id"), tags: ["On-Call Policy"] },
    ]);
    expect(policy?.decisions.map(({ title }) => title)).toEqual(["List On-Call Policies", "Get On-Call Policy"]);
  });
});
