import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { projectRoot } from "./process.ts";

// reference.md says of every line of the product documents what keeps it. This holds it against the documents and the tests.

interface Entry {
  readonly line: number;
  readonly hash: string;
  readonly keptBy: string;
}

const list = readFileSync(join(projectRoot, "test/e2e/reference.md"), "utf8");
const byDocument = new Map(
  list
    .split(/^## /m)
    .slice(1)
    .map((part) => [
      part.split("\n", 1)[0] ?? "",
      [...part.matchAll(/^\| (\d+) \| ([0-9a-f]{10}) \| (.+) \|$/gm)].map(
        ([, line, hash = "", keptBy = ""]): Entry => ({ line: Number(line), hash, keptBy }),
      ),
    ]),
);
const withoutTest: readonly string[] = ["the client's own UI", "no promise"];
const names = [
  "oneuptime-mcp-server",
  "openstatus-claude-code",
  "openstatus-claude-desktop",
  "opstrails-claude-ai",
  "statibeat-mcp-reference",
];

it("the list has a part for each of the five documents", () =>
  expect([...byDocument.keys()]).toEqual(names.map((name) => `${name}.md`)));

describe.each([...byDocument])("%s", (document, entries) => {
  const path = join(projectRoot, "../shared/reference", document);
  const missing = existsSync(path) ? "" : ` (SKIPPED: ${path} is not here)`;

  it("names tests that exist", () => {
    const wrong = entries.flatMap(({ line, keptBy }) =>
      withoutTest.includes(keptBy)
        ? []
        : keptBy.split(" · ").flatMap((one) => {
            const [file = "", words = ""] = one.split(" › ");
            const source = join(projectRoot, "test/e2e", file);
            return words !== "" && existsSync(source) && titlesIn(source).includes(words) ? [] : [`${line}: ${one}`];
          }),
    );
    expect(wrong).toEqual([]);
  });

  it.skipIf(missing !== "")(`has an entry for every line that is not empty, and none for another${missing}`, () => {
    const lines = readFileSync(path, "utf8").split("\n");
    const want = lines.flatMap((text, index) =>
      text.trim() === ""
        ? []
        : [{ line: index + 1, hash: createHash("sha256").update(text).digest("hex").slice(0, 10) }],
    );
    expect(entries.map(({ line, hash }) => ({ line, hash }))).toEqual(want);
  });

  it.skipIf(missing !== "")(
    `says of no bullet, numbered step or table row of it that it promises nothing, but for links and rules${missing}`,
    () => {
      const lines = readFileSync(path, "utf8").split("\n");
      const kept = entries.filter(({ keptBy }) => keptBy !== "no promise").map(({ line }) => line);
      const links = lines.findIndex((text) => /^## What's next/.test(text));
      const bare = lines.flatMap((text, index) => {
        const isPromise = /^(- |\d+\. |\| (?!Capability|OAuth scope|Endpoint))/.test(text);
        const isLink = links >= 0 && index > links;
        return isPromise && !isLink && !kept.includes(index + 1) ? [index + 1] : [];
      });
      expect(bare.filter((line) => !account.has(`${document}:${line}`))).toEqual([]);
    },
  );
});

/** Bullets that tell what a reader has already: an account with a page in it. */
const account = new Set(["openstatus-claude-code.md:21", "openstatus-claude-desktop.md:21"]);

/** Everything in a source that stands in quotes, which is where the names of tests are. */
function titlesIn(source: string): string {
  const text = readFileSync(source, "utf8");
  return [...text.matchAll(/"((?:[^"\\\n]|\\.)*)"|`((?:[^`\\]|\\.)*)`/g)]
    .map(([, plain, template]) => plain ?? template)
    .join("\n");
}
