import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { loadGenerated, loadHooks } from "../../src/cli/api.ts";
import { testFolder } from "../fakes/folder.ts";

function file(text: string): string {
  const path = join(testFolder(), "hooks.ts");
  writeFileSync(path, text);
  return path;
}

describe("loadHooks", () => {
  it("gives the hooks that a TypeScript file exports", async () => {
    const hooks = await loadHooks(file('export const hooks: object[] = [{ tool: "get_widget", hook: {} }];'));
    expect(hooks).toEqual([{ tool: "get_widget", hook: {} }]);
  });

  it("names a file that is not there, or that exports no hooks", async () => {
    await expect(loadHooks("/nowhere/hooks.ts")).rejects.toThrow("hooks: /nowhere/hooks.ts is not there");
    await expect(loadHooks(file("export const hook = 1;"))).rejects.toThrow("exports no array called hooks");
  });
});

describe("loadGenerated", () => {
  it("says which command makes what is missing", async () => {
    const project = { name: "acme", root: testFolder() };
    await expect(loadGenerated(project)).rejects.toThrow("generated/acme is not there: run `specgate generate` first");
  });
});
