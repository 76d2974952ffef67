import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { readEnvironment } from "../../src/config/environment.ts";
import { readGatewayFile, resolveConfig } from "../../src/config/load.ts";
import { parsePrompt, readPrompts } from "../../src/config/prompts.ts";
import { testFolder } from "../fakes/folder.ts";

const whole = `---
name: draft
title: Draft
description: Drafts it.
arguments:
  - { name: page_id, required: true, complete: list_pages }
  - { name: news, description: What is new., default: nothing }
scopes: incidents.write
resources:
  - a://pages/{page_id}
  - { uri: "a://pages", embed: false }
---

Draft {{ page_id }}: {{news}}.
`;

describe("a prompt file", () => {
  it("is read with every default filled in, and knows where its parts stand", () => {
    expect(parsePrompt("draft.md", whole)).toMatchObject({
      name: "draft",
      title: "Draft",
      arguments: [
        {
          name: "page_id",
          required: true,
          complete: { tool: "list_pages", value: "id", labels: ["name", "title", "slug"] },
        },
        { name: "news", required: false, default: "nothing" },
      ],
      scopes: ["incidents.write"],
      resources: [
        { uri: "a://pages/{page_id}", embed: true },
        { uri: "a://pages", embed: false },
      ],
      text: "Draft {{ page_id }}: {{news}}.",
      lines: { name: "draft.md:2", "resources.0": "draft.md:10", "arguments.news": "draft.md:7" },
    });
  });

  const faults = [
    ["no front matter", "Hello", "draft.md:1: a prompt begins with front matter"],
    ["bad YAML", "---\nname: [\n---\nx", "draft.md:"],
    ["an unknown key", whole.replace("title: Draft", "titel: Draft"), 'draft.md:3: the file: unknown key "titel"'],
    ["no description", whole.replace("description: Drafts it.\n", ""), '"description" is missing'],
    [
      "an unknown placeholder",
      whole.replace("{{news}}", "{{nws}}"),
      "draft.md:14: {{nws}} is no argument; there are: page_id, news",
    ],
    ["an argument without use", whole.replace("{{news}}", ""), "draft.md:7: the argument news is used neither"],
    ["an unknown variable", whole.replace("pages/{page_id}", "pages/{id}"), "draft.md:10: {id} is no argument"],
    ["no text", whole.replace(/Draft \{\{.*/, ""), "there is no text"],
  ] as const;
  for (const [name, content, want] of faults)
    it(`is refused with its line: ${name}`, () => expect(() => parsePrompt("draft.md", content)).toThrow(want));
});

describe("a folder of prompts", () => {
  it("tells the faults of all its files at once", () => {
    const folder = testFolder();
    writeFileSync(join(folder, "a.md"), "no");
    writeFileSync(join(folder, "b.md"), whole);
    writeFileSync(join(folder, "c.md"), whole);
    writeFileSync(join(folder, "README.md"), "not a prompt");
    expect(() => readPrompts(folder)).toThrow(/a\.md:1: [\s\S]*c\.md:2: another file has a prompt of the name draft/);
    expect(() => readPrompts(join(folder, "gone"))).toThrow("ENOENT");
  });

  it("is found beside gateway.yaml", () => {
    const folder = testFolder();
    mkdirSync(join(folder, "prompts"));
    writeFileSync(join(folder, "prompts", "draft.md"), whole);
    writeFileSync(join(folder, "gateway.yaml"), "api: a\nprompts: ./prompts\n");
    const file = readGatewayFile(join(folder, "gateway.yaml"));
    const config = resolveConfig(file, readEnvironment({}), { upstreamUrl: "http://127.0.0.1:9" });
    expect(config.prompts.map(({ name }) => name)).toEqual(["draft"]);
  });
});
