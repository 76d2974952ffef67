import { describe, expect, it } from "vitest";
import { readEnvironment } from "../../src/config/environment.ts";
import { parseGatewayFile, resolveConfig } from "../../src/config/load.ts";

const configOf = (yaml: string) =>
  resolveConfig(parseGatewayFile("gateway.yaml", `api: a\n${yaml}`), readEnvironment({}), {
    upstreamUrl: "http://127.0.0.1:9",
  });

describe("resources in gateway.yaml", () => {
  it("have every default filled in, and know where their parts stand", () => {
    const { resources } = configOf(`resources:
  - uriTemplate: "a://pages/{id}{?limit}"
    name: pages
    tool: list_pages
    scope: pages.manage
    arguments: { page: "{id}" }
    parameters: { limit: { default: 20, max: 200 } }
    poll: 2m
    complete:
      id: { tool: list_pages, labels: title }
      limit: ["20", "200"]
`);
    expect(resources).toEqual([
      {
        uri: "a://pages/{id}{?limit}",
        name: "pages",
        tool: "list_pages",
        arguments: { page: "{id}" },
        parameters: { limit: { default: 20, min: 1, max: 200 } },
        bound: [],
        scopes: ["pages.manage"],
        pollMs: 120_000,
        complete: {
          id: { tool: "list_pages", value: "id", labels: ["title"], arguments: {} },
          limit: { values: ["20", "200"] },
        },
        lines: expect.objectContaining({
          "": "gateway.yaml:3",
          uri: "gateway.yaml:3",
          tool: "gateway.yaml:5",
          "arguments.page": "gateway.yaml:7",
        }),
      },
    ]);
  });

  it("are none, and nobody is told who they are, where the file says nothing", () => {
    expect(configOf("")).toMatchObject({ resources: [], prompts: [] });
    expect(configOf("").whoami).toBeUndefined();
    expect(configOf("whoami: true").whoami).toEqual({ uri: "a://me" });
    expect(configOf("whoami: { windowDays: 7 }").whoami).toEqual({ uri: "a://me", windowDays: 7 });
  });

  const faults = [
    ["- { name: x, tool: t }", "gateway.yaml:3: resources.0 needs one of uri and uriTemplate"],
    ["- { uri: 'a://x', uriTemplate: 'a://x', name: x, tool: t }", "needs one of uri and uriTemplate"],
    ["- { uri: 'a://x', name: x, tool: t, poll: 4s }", "gateway.yaml:3: resources.0.poll is 4s; at least 5s"],
    ["- { uri: 'a://x', name: x, tool: t, poll: often }", 'resources.0.poll is "often"'],
    ["- { uri: 'a://x', name: x, tool: t, limit: 3 }", 'unknown key "limit"'],
    [
      "- { uri: 'a://x', name: x, tool: t, parameters: { n: { default: 9, max: 3 } } }",
      "default 9, which is not from 1 to 3",
    ],
  ] as const;
  for (const [yaml, want] of faults)
    it(`are refused: ${yaml}`, () => expect(() => configOf(`resources:\n  ${yaml}\n`)).toThrow(want));
});
