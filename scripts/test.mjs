// Runs every suite, prints how long each took, and ends with the line "N passed, M failed" computed from Vitest's JSON
// reports, because no reader of logs recognises Vitest's own summary. Exits non-zero when anything failed or nothing ran.
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync } from "node:fs";

const suites = [
  { name: "check", command: "check", reports: ["unit"] },
  { name: "end to end", command: "test:e2e", reports: ["e2e"] },
  { name: "faults", command: "test:faults", reports: ["faults"] },
  { name: "load", command: "test:load", reports: ["load"] },
];

const minimumNode = 22;
if (Number(process.versions.node.split(".")[0]) < minimumNode) {
  console.error(
    `tests need Node ${minimumNode} or newer, this is ${process.versions.node}: run them with \`npm test\` after \`npm ci\` (its \`node\` package brings one)`,
  );
  process.exit(1);
}

rmSync("out", { recursive: true, force: true });
mkdirSync("out", { recursive: true });

let failedSuites = spawnSync(process.execPath, ["scripts/systemParts.mjs"], { stdio: "inherit" }).status === 0 ? 0 : 1;
const counts = { passed: 0, failed: 0, skipped: 0 };
for (const suite of suites) {
  const start = performance.now();
  const { status } = spawnSync("npm", ["run", "--silent", suite.command], {
    stdio: "inherit",
    env: { ...process.env, NO_COLOR: "1" },
  });
  console.log(
    `\n${suite.name}: ${status === 0 ? "passed" : "FAILED"} in ${((performance.now() - start) / 1000).toFixed(1)} s\n`,
  );
  if (status !== 0) failedSuites++;
  for (const report of suite.reports) add(`out/${report}.json`);
}

function add(file) {
  try {
    const { numPassedTests, numFailedTests, numPendingTests, numFailedTestSuites } = JSON.parse(
      readFileSync(file, "utf8"),
    );
    counts.passed += numPassedTests;
    counts.failed += numFailedTests;
    counts.skipped += numPendingTests;
    if (numFailedTests === 0 && numFailedTestSuites > 0) counts.failed += numFailedTestSuites; // a file that did not load
  } catch {
    console.error(`${file}: no report, so its tests did not run`);
    failedSuites++;
  }
}

if (counts.skipped > 0) console.log(`${counts.skipped} skipped (their parts are absent; each says which)`);
const failed = counts.failed + (counts.failed === 0 && failedSuites > 0 ? failedSuites : 0);
console.log(`${counts.passed} passed, ${failed} failed`);
process.exit(failed === 0 && counts.passed > 0 ? 0 : 1);
