import { describe, expect, it } from "vitest";
import { describedTool } from "../../src/catalog/catalog.ts";
import type { ToolOrigin } from "../../src/catalog/tool.ts";
import type { Schema, ToolSpec } from "../../src/descriptor.ts";
import { contextOf, originOf, run } from "./fixture.ts";

const time: Schema = { type: "string", format: "date-time" };
const param = (name: string, schema: Schema) => ({ name, in: "query", arg: name, schema }) as const;
const listOf = (params: NonNullable<ToolSpec["params"]>): ToolOrigin =>
  originOf({ kind: "list", name: "list_widgets", description: "Every widget.", params });
const timed = listOf([param("startedAfter", time), param("startedBefore", time), param("color", { type: "string" })]);
const plain = listOf([param("color", { type: "string" })]);
const noon = Date.parse("2026-03-10T12:00:00Z");

const notesOf = (origin: ToolOrigin, args: Readonly<Record<string, unknown>>, body: unknown = []): unknown =>
  run(origin, args, () => ({ body }), contextOf({ now: () => noon })).output.notes;

describe("a List that finds nothing", () => {
  const rows = [
    {
      name: "says the window it searched, the time, and what else was asked for",
      origin: timed,
      args: { startedAfter: "2026-03-09T12:00:00Z", color: "red", limit: 5 },
      want: "Nothing matches. Searched: startedAfter 2026-03-09T12:00:00Z; it is 2026-03-10T12:00:00.000Z now. Other filters: color red. Fewer filters may find more.",
    },
    {
      name: "says that all times were searched where none was given",
      origin: timed,
      args: { color: "red" },
      want: "Nothing matches. Searched all times (startedAfter, startedBefore narrow it). Other filters: color red. Fewer filters may find more.",
    },
    {
      name: "says that there is nothing at all where nothing was asked for",
      origin: timed,
      args: {},
      want: "Nothing matches. Searched all times (startedAfter, startedBefore narrow it). No filter was given: there is none at all that this key may see.",
    },
    {
      name: "says so of a window that ends before it begins",
      origin: timed,
      args: { startedAfter: "2026-03-09T12:00:00Z", startedBefore: "2026-03-08T12:00:00+01:00" },
      want: "Nothing matches. Searched: startedAfter 2026-03-09T12:00:00Z, startedBefore 2026-03-08T12:00:00+01:00; it is 2026-03-10T12:00:00.000Z now. The window is empty: startedAfter is not before startedBefore. Fewer filters may find more.",
    },
    {
      name: "says nothing of times that cannot be chosen",
      origin: plain,
      args: { color: ["red", "blue"] },
      want: 'Nothing matches. Other filters: color ["red","blue"]. Fewer filters may find more.',
    },
    {
      name: "cuts a value that would fill the answer",
      origin: plain,
      args: { color: "r".repeat(300) },
      want: `Nothing matches. Other filters: color ${"r".repeat(100)}…. Fewer filters may find more.`,
    },
  ] as const;
  for (const { name, origin, args, want } of rows) it(name, () => expect(notesOf(origin, args)).toEqual([want]));

  it("is silent where something was found", () =>
    expect(notesOf(timed, { color: "red" }, [{ id: "w", name: "a" }])).toBeUndefined());
});

describe("the description of a List", () => {
  const descriptionOf = (origin: ToolOrigin): string => describedTool(origin).definition.description;

  it("says format and zone of the times it takes", () =>
    expect(descriptionOf(timed)).toBe("Every widget. Times: RFC 3339 with zone (2026-01-31T09:00:00Z)."));

  it("says nothing of times where it takes none", () => expect(descriptionOf(plain)).toBe("Every widget."));
});
