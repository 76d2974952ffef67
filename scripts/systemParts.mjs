// The end-to-end tests use real parts that npm does not bring. This finds each on the machine, else installs it where it can
// (Debian, as root), else fails with one line that says what to install. SPECGATE_TEST_WITHOUT=chromium skips by name, not in CI.
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";

const parts = [
  { name: "chromium", programs: ["chromium", "chromium-browser", "google-chrome"], debian: "chromium" },
  { name: "redis", programs: ["redis-server"], debian: "redis-server" },
  // Debian keeps the programs of each version in a folder that is not in PATH.
  { name: "postgresql", programs: ["postgres"], debian: "postgresql", folders: "/usr/lib/postgresql/*/bin" },
];

const without = (process.env.SPECGATE_TEST_WITHOUT ?? "").split(",").filter(Boolean);
if (process.env.CI && without.length > 0) {
  console.error(`SPECGATE_TEST_WITHOUT=${without.join(",")} is refused in CI: every part is tested there`);
  process.exit(1);
}

const isThere = ({ programs, folders }) =>
  programs.some(
    (program) =>
      spawnSync("which", [program]).status === 0 ||
      (folders !== undefined && matching(folders).some((folder) => existsSync(`${folder}/${program}`))),
  );
/** Folders of a path with one `*`; `glob` of node:fs is younger than the oldest Node that runs this. */
function matching(path) {
  const [before, after] = path.split("*");
  return existsSync(before) ? readdirSync(before).map((name) => `${before}${name}${after}`) : [];
}
const run = (command, args) =>
  spawnSync(command, args, {
    stdio: ["ignore", "ignore", "inherit"],
    env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
  }).status === 0;

const missing = parts.filter((part) => !without.includes(part.name) && !isThere(part));
if (missing.length > 0 && process.getuid?.() === 0 && spawnSync("which", ["apt-get"]).status === 0) {
  const names = missing.map(({ debian }) => debian);
  console.log(`installing ${names.join(", ")} …`);
  run("apt-get", ["update", "-qq"]);
  run("apt-get", ["install", "-y", "-qq", "--no-install-recommends", ...names]);
}
const still = missing.filter((part) => !isThere(part));
for (const { name, debian } of still)
  console.error(
    `${name} is missing: install it (Debian: apt-get install ${debian}), or set SPECGATE_TEST_WITHOUT=${name}`,
  );
process.exit(still.length > 0 ? 1 : 0);
