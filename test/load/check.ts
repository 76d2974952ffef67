// Judges a history that a run has saved: `node test/load/check.ts out/load/<name>.jsonl`. Exits 1 when an invariant is broken.
import { readFileSync } from "node:fs";
import { check, report } from "./checker.ts";
import type { Line } from "./history.ts";

const [file] = process.argv.slice(2);
if (file === undefined) {
  process.stderr.write("usage: node test/load/check.ts <history.jsonl>\n");
  process.exit(1);
}
const lines = readFileSync(file, "utf8").trimEnd().split("\n");
const violations = check(lines.map((line) => JSON.parse(line) as Line)); // written by `History.save`
process.stdout.write(violations.length === 0 ? `${lines.length} lines, nothing broken\n` : `${report(violations)}\n`);
process.exit(violations.length === 0 ? 0 : 1);
