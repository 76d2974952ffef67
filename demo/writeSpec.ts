/** Writes `openapi/beacon/openapi.json` from the model: `node demo/writeSpec.ts`. A test fails when the file is not up to date. */
import { writeFileSync } from "node:fs";
import { openApiDocument } from "./openapi.ts";

/** The document as the file holds it. */
export function specText(): string {
  return `${JSON.stringify(openApiDocument(), null, 2)}\n`;
}

if (import.meta.main) {
  const file = new URL("../openapi/beacon/openapi.json", import.meta.url);
  writeFileSync(file, specText());
}
