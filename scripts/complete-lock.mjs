// Why: npm omits from package-lock.json the platform builds that its registry does not serve, and `npm ci` then refuses the lock.
// Run after every `npm install` that changes dependencies: `node scripts/complete-lock.mjs`. A second run adds nothing.
import { readFileSync, writeFileSync } from "node:fs";

const lock = JSON.parse(readFileSync("package-lock.json", "utf8"));
const names = new Set(Object.keys(lock.packages).map((path) => path.split("node_modules/").at(-1)));
for (const { dev, optionalDependencies = {} } of Object.values({ ...lock.packages })) {
  for (const [name, version] of Object.entries(optionalDependencies)) {
    if (names.has(name)) continue;
    const [os, cpu, abi] = name.replace(/^.*\/(cli|binding)-/, "").split("-");
    const libc = os === "linux" ? { libc: [abi?.startsWith("musl") ? "musl" : "glibc"] } : {};
    lock.packages[`node_modules/${name}`] = {
      version,
      cpu: [cpu],
      ...(dev && { dev }),
      ...libc,
      optional: true,
      os: [os],
    };
  }
}
writeFileSync("package-lock.json", `${JSON.stringify(lock, null, 2)}\n`);
