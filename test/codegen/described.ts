import { fileURLToPath } from "node:url";
import { load } from "../../codegen/load.ts";
import { describeSpec } from "../../codegen/main.ts";
import type { Described, LoadedSpec } from "../../codegen/model.ts";
import type { CodegenConfig } from "../../src/config/codegen.ts";
import type { ResourceType, ToolSpec } from "../../src/descriptor.ts";

/** The path of a tiny document in test/specs. */
export function specFile(name: string): string {
  return fileURLToPath(new URL(`../specs/${name}`, import.meta.url));
}

/** What codegen makes of a tiny document in test/specs. */
export async function describeFile(name: string, config: CodegenConfig = {}): Promise<Described> {
  return describeSpec(await load(specFile(name)), config, { allowConflicts: false, name: "tiny" });
}

/** What codegen makes of a document in hand. */
export function describeDocument(document: object, config: CodegenConfig = {}, allowConflicts = false): Described {
  const loaded = { document, source: "inline", sha256: "0".repeat(64), version: "3.1.0" } as unknown as LoadedSpec; // a document as a test writes it
  return describeSpec(loaded, config, { allowConflicts, name: "tiny" });
}

/** Every Tool of a ResourceType, by name. */
export function toolsIn({ tools, actions }: ResourceType): ToolSpec[] {
  return [...Object.values(tools), ...Object.values(actions)];
}

/** The reasons for which Operations were skipped, by id. */
export function skippedIn({ manifest }: Described): Record<string, string> {
  const skipped = manifest.operations.flatMap((one) =>
    "skipped" in one ? [[one.operationId ?? `${one.method} ${one.path}`, one.skipped] as const] : [],
  );
  return Object.fromEntries(skipped);
}
