import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { chooseProject, findProjects } from "../../src/cli/projects.ts";
import { testFolder } from "../fakes/folder.ts";

function project(files: readonly string[]): string {
  const root = testFolder();
  for (const file of files) {
    mkdirSync(join(root, file, ".."), { recursive: true });
    writeFileSync(join(root, file), "");
  }
  return root;
}

describe("findProjects", () => {
  it("finds every folder of openapi/ with a document or a gateway.yaml, by name", () => {
    const root = project([
      "openapi/b/openapi.yaml",
      "openapi/a/openapi.json",
      "openapi/a/gateway.yaml",
      "openapi/c/notes.md",
    ]);
    expect(findProjects(root)).toEqual([
      { name: "a", root, spec: join(root, "openapi/a/openapi.json"), config: join(root, "openapi/a/gateway.yaml") },
      { name: "b", root, spec: join(root, "openapi/b/openapi.yaml") },
    ]);
  });

  it("finds nothing where there is no openapi folder", () => expect(findProjects(project([]))).toEqual([]));
});

describe("chooseProject", () => {
  it("takes the only gateway.yaml there is", () => {
    const root = project(["openapi/a/gateway.yaml", "openapi/b/openapi.json"]);
    expect(chooseProject(root, undefined).name).toBe("a");
  });

  it("takes the one that is named", () => {
    const root = project(["openapi/a/gateway.yaml", "openapi/b/gateway.yaml"]);
    expect(chooseProject(root, "openapi/b/gateway.yaml")).toMatchObject({ name: "b", root });
  });

  it("lists them when there are several", () => {
    const root = project(["openapi/a/gateway.yaml", "openapi/b/gateway.yaml"]);
    expect(() => chooseProject(root, undefined)).toThrow(
      "several APIs here: openapi/a/gateway.yaml, openapi/b/gateway.yaml",
    );
  });

  it("says how to begin when there is none", () => {
    expect(() => chooseProject(project([]), undefined)).toThrow("specgate serve --spec FILE --upstream URL");
  });
});
