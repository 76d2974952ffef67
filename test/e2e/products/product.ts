import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Beacon } from "../../../demo/server.ts";
import { callerOf } from "../../fakes/caller.ts";
import { listening, projectRoot, type Served, serveNode, specgateMain } from "../process.ts";

/** The ready setups of `examples/`. */
export type Product = "oneuptime" | "openstatus" | "opstrails" | "statibeat-hosted" | "statibeat-page";

/** One of them, as its README says to start it. */
export interface ServedProduct {
  /** `http://localhost:41234`. */
  readonly base: string;
  /** Everything it has printed. */
  readonly lines: readonly string[];
  readonly stop: () => Promise<number | null>;
}

/** `specgate serve --config examples/<product>/gateway.yaml`, in front of `beacon`, on a free port. */
export async function serveProduct(
  product: Product,
  beacon: Beacon,
  env: Readonly<Record<string, string>> = {},
): Promise<ServedProduct> {
  const args = [specgateMain, "serve", "--config", `examples/${product}/gateway.yaml`, "--port", "0"];
  const served: Served = await serveNode(args, listening, {
    env: { UPSTREAM_URL: beacon.url, SPECGATE_SECRET: "a secret of the tests", ...env },
  });
  return { base: served.url, lines: served.lines, stop: served.stop };
}

/** Names of the tools that a key is offered, sorted. */
export async function toolNames(url: string, key: string, header = "x-api-key"): Promise<readonly string[]> {
  return (await callerOf(url, key, { [header]: key }).listTools()).map(({ name }) => name).sort();
}

const documents: Readonly<Record<string, string>> = {
  oneuptime: "oneuptime-mcp-server.md",
  "openstatus-code": "openstatus-claude-code.md",
  "openstatus-desktop": "openstatus-claude-desktop.md",
  opstrails: "opstrails-claude-ai.md",
  statibeat: "statibeat-mcp-reference.md",
};

/** Path of a reference document; these are not part of the project. */
export function documentPath(name: string): string {
  return join(projectRoot, "../shared/reference", documents[name] ?? name);
}

/** False, or the line that says why tests over the reference documents are skipped. */
export const withoutDocuments: string | false = Object.keys(documents).every((name) => existsSync(documentPath(name)))
  ? false
  : `SKIPPED: ${documentPath("README.md")} and what it lists are not here (reference documents)`;

/** The lines of a reference document; line 1 comes first. */
export function documentLines(name: string): readonly string[] {
  return readFileSync(documentPath(name), "utf8").split("\n");
}

/** The JSON blocks of a document, parsed as they stand, in order. */
export function jsonBlocks(name: string): readonly unknown[] {
  const text = readFileSync(documentPath(name), "utf8");
  return [...text.matchAll(/^```json\n([\s\S]*?)^```/gm)].map((found) => JSON.parse(found[1] ?? "") as unknown);
}
