import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { projectRoot } from "../e2e/process.ts";
import { plant, plantedBugs } from "./planted.ts";

const edits = Object.entries(plantedBugs).flatMap(([name, bug]) => bug.edits.map((edit) => ({ name, edit })));

describe("planted bugs", () => {
  it.each(edits)("have their place in the source: $name ($edit.file)", ({ edit }) => {
    const source = readFileSync(join(projectRoot, edit.file), "utf8");
    expect(plant(source, edit)).not.toBe(source);
  });

  it("are refused where their place is missing, or there twice", () => {
    const edit = { file: "a.ts", find: "x", replace: "y" };
    expect(() => plant("no", edit)).toThrow("a.ts holds 0 times, and not once: x");
    expect(() => plant("x x", edit)).toThrow("a.ts holds 2 times, and not once: x");
  });

  it("break every invariant at least once", () => {
    const broken = new Set(Object.values(plantedBugs).map(({ breaks }) => breaks));
    expect([...broken].sort()).toEqual([
      "H10",
      "H12",
      "H4",
      "H5",
      "H7",
      "H8",
      "H8b",
      "H9",
      "answers",
      "cancel",
      "effects",
    ]);
  });
});
