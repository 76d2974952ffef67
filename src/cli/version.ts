import { readFileSync } from "node:fs";

/** The version in the package's own `package.json`, found upwards of this file (src/cli or dist/src/cli). */
export function packageVersion(): string {
  for (const up of ["../../package.json", "../../../package.json"]) {
    try {
      const text = readFileSync(new URL(up, import.meta.url), "utf8");
      const found = JSON.parse(text) as { name?: string; version?: string };
      if (found.name === "specgate" && found.version) return found.version;
    } catch {
      // not at this depth
    }
  }
  return "0.0.0";
}
