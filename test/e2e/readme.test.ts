import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parseGatewayFile } from "../../src/config/load.ts";
import { callerOf } from "../fakes/caller.ts";
import { projectRoot, type Served, serveNode, specgate } from "./process.ts";

// What the README promises: its two commands, and its examples as they stand there.

const readme = readFileSync(join(projectRoot, "README.md"), "utf8");
const { scripts } = JSON.parse(readFileSync(join(projectRoot, "package.json"), "utf8")) as {
  scripts: Record<string, string>;
};

function blocks(language: string): readonly string[] {
  return [...readme.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\``, "gm"))].map(
    ([, text = ""]) => text,
  );
}

describe("the README", () => {
  it("gives one command to try it and one to test it, and CI runs the second", () => {
    expect(blocks("sh")).toEqual(expect.arrayContaining(["npm ci && npm run demo\n", "npm ci && npm test\n"]));
    expect(scripts).toMatchObject({ demo: expect.any(String), test: expect.any(String) });
    expect(readFileSync(join(projectRoot, ".ci/run"), "utf8")).toMatch(/^npm ci[\s\S]*^npm test$/m);
  });

  it("shows a gateway.yaml that is valid", () => {
    const files = blocks("yaml");
    expect(files.length).toBeGreaterThan(0);
    // A section shows its own part alone.
    const whole = files.map((text) => (/^api:/m.test(text) ? text : `api: acme\n${text}`));
    for (const text of whole) expect(parseGatewayFile("README.md", text).api).toBe("acme");
  });

  it("names only commands and flags that there are", async () => {
    const lines = blocks("sh")
      .flatMap((text) => text.split("\n"))
      .filter((line) => /\bspecgate /.test(line));
    const words = lines.map(
      (line) =>
        line
          .replace(/#.*/, "")
          .split(/\bspecgate /)[1]
          ?.trim()
          .split(/\s+/) ?? [],
    );
    expect(words.length).toBeGreaterThanOrEqual(5);
    for (const all of words) {
      const command = ["tools", "keys", "audit"].includes(all[0] ?? "") ? all.slice(0, 2) : all.slice(0, 1);
      const { code, stdout } = await specgate([...command, "--help"]);
      expect([command, code]).toEqual([command, 0]);
      for (const flag of all.filter((word) => word.startsWith("--"))) expect(stdout).toContain(flag);
    }
  });
});

describe("npm run demo", () => {
  let folder: string;
  let demo: Served;

  const start = (): Promise<Served> => {
    const [, file = ""] = scripts.demo?.split(" ") ?? [];
    const data = join(folder, "data/beacon.db");
    return serveNode(
      [file, "--port", "0", "--beacon-port", "0", "--identity-port", "0", "--data", data],
      (line) => /at (http\S+\/mcp)/.exec(line)?.[1],
    );
  };

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "specgate-demo-"));
    demo = await start();
    await demo.printed("Ctrl+C");
  });

  afterAll(() => {
    demo?.child.kill("SIGKILL");
    rmSync(folder, { recursive: true, force: true });
  });

  const printed = (label: RegExp): string => label.exec(demo.lines.join("\n"))?.[1] ?? "";
  const readKey = (): string => printed(/read-only key +(\S+)/);
  const writeKey = (): string => printed(/read & write key +(\S+)/);

  it("prints a read-only key that sees nothing that writes, and a read & write key that does", async () => {
    const seen = await callerOf(demo.url, readKey()).listTools();
    const all = await callerOf(demo.url, writeKey()).listTools();
    expect(seen.length).toBeGreaterThan(300);
    expect(seen.filter(({ annotations }) => annotations.readOnlyHint !== true)).toEqual([]);
    expect(all.map(({ name }) => name)).toEqual(expect.arrayContaining(["create_monitor", "update_monitor"]));
    expect(all.map(({ name }) => name)).not.toContain("delete_monitor");
  });

  it("prints what to try next, and it works as printed", async () => {
    const text = demo.lines.join("\n");
    const curl = /curl -H "x-api-key: (\S+)" (http\S+\/mcp)$/m.exec(text);
    const checked = await fetch(curl?.[2] ?? "", { headers: { "x-api-key": curl?.[1] ?? "", accept: "*/*" } });
    expect(checked.status).toBe(200);
    const call = /specgate -- (tools call (\S+) '(.*)' --url (\S+) --header (\S+))/.exec(text);
    const [, , name = "", args = "", url = "", header = ""] = call ?? [];
    const { code, stdout } = await specgate(["tools", "call", name, args, "--url", url, "--header", header]);
    expect([code, Object.keys(JSON.parse(stdout))]).toEqual([0, expect.arrayContaining(["items", "hasMore"])]);
    expect(scripts).toHaveProperty("specgate");
    const page = await fetch(/in a browser +(\S+)/.exec(text)?.[1] ?? "", { headers: { accept: "text/html" } });
    expect([page.status, page.headers.get("content-type")]).toEqual([200, expect.stringContaining("text/html")]);
  });

  it("keeps its data over a restart", async () => {
    const made = await callerOf(demo.url, writeKey()).call("create_monitor", { name: "Kept", type: "ping" });
    const { id } = made.structured.item as { id: string };
    expect(await demo.stop()).toBe(0);
    demo = await start();
    await demo.printed("Ctrl+C");
    const read = await callerOf(demo.url, readKey()).call("get_monitor", { monitorId: id });
    expect(read.structured.item).toMatchObject({ id, name: "Kept" });
  });
});
