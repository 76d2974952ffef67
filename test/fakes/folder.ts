import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";

/** An empty folder of the running test's own; it goes when the test ends. */
export function testFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "specgate-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
