#!/usr/bin/env node
// Clients start this with whatever `node` they find, so the version is checked before anything newer is imported.
const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
if (major < 22 || (major === 22 && minor < 19)) {
  process.stderr.write(`specgate needs Node 22.19 or newer; this is ${process.versions.node} (${process.execPath})\n`);
  process.exitCode = 2;
} else {
  // A second start takes half the time. In the user's own directory, since others can write to the usual one; a directory
  // that cannot be written costs nothing.
  const [{ enableCompileCache }, { homedir }, { join }] = await Promise.all([
    import("node:module"),
    import("node:os"),
    import("node:path"),
  ]);
  enableCompileCache(join(homedir(), ".cache", "specgate"));
  const { runCommandLine } = await import("./cli/cli.ts");
  process.exitCode = await runCommandLine(process.argv);
}

export {};
