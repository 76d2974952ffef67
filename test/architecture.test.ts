import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { describe, expect, it } from "vitest";

/**
 * The import table of DESIGN §4, as data: which room may import values of which. It is what keeps a change in one room out
 * of the others, so it is a test and not a habit. `*` means every room of src.
 * Types may also come from the rooms behind those (`mcp` sees the types of `auth` through `calls`), and from the contracts.
 */
const everyone = ["descriptor", "errors", "telemetry"];
const table: Record<string, readonly string[]> = {
  http: ["mcp", "surfaces", "auth", "oauth", "session"],
  oauth: ["auth", "storage", "safeFetch"],
  mcp: ["surfaces", "calls"],
  surfaces: ["calls", "catalog"],
  calls: ["catalog", "operations", "upstream", "auth"],
  catalog: ["operations"],
  auth: ["storage"],
  audit: ["storage", "safeFetch"], // writes what calls record; calls know its contract alone
  operations: [],
  upstream: [],
  session: [],
  redis: [],
  storage: [],
  telemetry: [],
  config: [],
  descriptor: [],
  errors: [],
  safeFetch: [],
  cli: ["*", "codegen"],
  compose: ["*"],
  serving: ["*"],
  index: ["*"],
  hooks: ["calls"],
  main: ["cli"],
  stdio: ["*"],
  codegen: ["safeFetch"],
};

/** Files of types that any room may name: what it is told, who calls, what a call is. */
const contracts = [
  "src/config/config.ts",
  "src/config/codegen.ts",
  "src/config/oauth.ts",
  "src/config/signIn.ts",
  "src/auth/principal.ts",
  "src/calls/call.ts",
  "src/catalog/tool.ts",
  "src/audit/event.ts",
  "src/upstream/exchange.ts",
];

/** Packages that belong to some rooms alone. A path of a room or of one file. */
const packages: readonly { readonly name: RegExp; readonly rooms: readonly string[] }[] = [
  { name: /^express$/, rooms: ["http", "oauth"] },
  { name: /^@modelcontextprotocol\//, rooms: ["mcp", "stdio", "http", "cli"] },
  { name: /^ioredis$/, rooms: ["redis"] },
  { name: /^(kysely|pg$)/, rooms: ["storage"] },
  { name: /^(ts-morph|@apidevtools\/swagger-parser|@scalar\/openapi-upgrader|openapi-types)$/, rooms: ["codegen"] },
  { name: /^rate-limiter-flexible$/, rooms: ["calls", "oauth"] },
  { name: /^ajv/, rooms: ["catalog", "config"] },
  { name: /^(oidc-provider|openid-client|jose)$/, rooms: ["oauth"] },
  { name: /^minisearch$/, rooms: ["catalog"] },
  { name: /^undici$/, rooms: ["upstream", "safeFetch"] },
];

interface Import {
  readonly from: string;
  readonly to: string;
  readonly dynamic: boolean;
  readonly typeOnly: boolean;
}

const root = resolve(import.meta.dirname, "..");
const files = ["src", "codegen"].flatMap((folder) =>
  readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts"))
    .map((name) => join(folder, name)),
);
const imports = files.flatMap(importsOf);

function importsOf(file: string): Import[] {
  const text = readFileSync(join(root, file), "utf8");
  const still = [
    ...text.matchAll(/^(?:import|export)\s+(type\s)?[\w*\s,]*(?:\{[^{}]*\})?[\w\s,]*?\sfrom\s+"([^"]+)"/gm),
  ].map((match) => ({
    to: match[2] ?? "",
    typeOnly: match[1] !== undefined,
    dynamic: false,
  }));
  const bare = [...text.matchAll(/^import\s+"([^"]+)"/gm)].map((match) => ({
    to: match[1] ?? "",
    typeOnly: false,
    dynamic: false,
  }));
  const lazy = [...text.matchAll(/(?<!\* .*)\bimport\(\s*"([^"]+)"/g)].map((match) => ({
    to: match[1] ?? "",
    typeOnly: false,
    dynamic: true,
  }));
  return [...still, ...bare, ...lazy].map((one) => ({ from: file, ...one }));
}

/** `src/http/mcp/body.ts` → `http`, `src/errors.ts` → `errors`, `codegen/x.ts` → `codegen`. */
function roomOf(path: string): string {
  const [top = "", next = ""] = path.split("/");
  return top === "src" ? next.replace(/\.ts$/, "") : top;
}

function targetRoom({ from, to }: Import): string | undefined {
  if (!to.startsWith(".")) return undefined;
  return roomOf(relative(root, resolve(root, dirname(from), to)));
}

function mayImport(one: Import): boolean {
  const from = roomOf(one.from);
  const to = targetRoom(one) ?? from;
  if (from === to || everyone.includes(to)) return true;
  if (one.from.endsWith(".redis.ts") && to === "redis") return true;
  if (one.typeOnly && contracts.includes(relative(root, resolve(root, dirname(one.from), one.to)))) return true;
  const allowed = one.typeOnly ? closure(from) : (table[from] ?? []);
  return allowed.includes(to) || (allowed.includes("*") && to !== "codegen" && to !== "generated");
}

function closure(room: string): readonly string[] {
  const seen = new Set(table[room] ?? []);
  for (const one of seen) for (const next of table[one] ?? []) seen.add(next); // a Set visits what is added while it is walked
  return [...seen];
}

describe("the import table", () => {
  it("sees the files and imports of the project", () => {
    expect(files.length).toBeGreaterThan(80);
    expect(imports.length).toBeGreaterThan(300);
  });

  it("names every room", () => {
    expect([...new Set(files.map(roomOf))].filter((room) => !(room in table))).toEqual([]);
  });

  it("holds for every import between rooms", () => {
    const broken = imports.filter((one) => !mayImport(one));
    expect(broken.map(({ from, to }) => `${from} imports ${to}`)).toEqual([]);
  });

  it("lets the runtime reach codegen only by dynamic import from the command line", () => {
    const reached = imports.filter((one) => targetRoom(one) === "codegen" && roomOf(one.from) !== "codegen");
    expect(
      reached.filter((one) => roomOf(one.from) !== "cli" || !(one.dynamic || one.typeOnly)).map(({ from }) => from),
    ).toEqual([]);
    expect(reached.some((one) => one.dynamic)).toBe(true);
  });

  it("keeps each package in its rooms", () => {
    const strays = imports.filter((one) =>
      packages.some(
        ({ name, rooms }) => name.test(one.to) && !rooms.includes(roomOf(one.from)) && !one.from.endsWith(".redis.ts"),
      ),
    );
    expect(strays.map(({ from, to }) => `${from} imports ${to}`)).toEqual([]);
  });

  it("reads process.env and writes to stdout nowhere but at the edge", () => {
    const readers = files.filter((file) => /process\.env\b/.test(readFileSync(join(root, file), "utf8")));
    expect(readers.filter((file) => !["cli", "index"].includes(roomOf(file)))).toEqual([]);
    const writers = files.filter((file) => /\bconsole\.|process\.stdout/.test(readFileSync(join(root, file), "utf8")));
    expect(writers.filter((file) => roomOf(file) !== "cli")).toEqual([]);
  });
});
