import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type LoadOptions, load } from "../../codegen/load.ts";
import { GatewayError } from "../../src/errors.ts";
import { specFile } from "./described.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "specgate-load-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function write(name: string, content: string | object): string {
  const file = join(folder, name);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, typeof content === "string" ? content : JSON.stringify(content));
  return file;
}

/** The error that loading ends in, as `message | next`; the temporary folder is taken out. */
async function faultOf(file: string, options: LoadOptions = {}): Promise<string> {
  try {
    await load(file, options);
  } catch (thrown) {
    if (!(thrown instanceof GatewayError)) throw thrown;
    expect(thrown.code).toBe("invalid_request");
    return `${thrown.message} | ${thrown.facts.next}`.replaceAll(`${folder}/`, "");
  }
  throw new Error("it loaded");
}

const ok = { responses: { "200": { description: "ok" } } };
const minimal = (paths: object, more: object = {}): object => ({
  openapi: "3.1.0",
  info: { title: "T", version: "1" },
  paths,
  ...more,
});

describe("loading", () => {
  it("reads JSON, YAML, YAML that begins like JSON, and a byte order mark", async () => {
    const document = minimal({});
    const files = [
      write("a.json", document),
      write("a.yaml", 'openapi: "3.1.0"\ninfo: { title: T, version: "1" }\npaths: {}\n'),
      write("flow.yaml", '{ openapi: "3.1.0", info: { title: T, version: "1" }, paths: {}, }\n'),
      write("bom.json", `\uFEFF${JSON.stringify(document)}`),
    ];
    for (const file of files) expect((await load(file)).document).toEqual(document);
  });

  it("reads stdin and names it so", async () => {
    const loaded = await load("-", { stdin: Buffer.from(JSON.stringify(minimal({}))) });
    expect([loaded.source, loaded.version]).toEqual(["stdin", "3.1.0"]);
  });

  it("fetches a URL with the given headers and shows neither credentials nor query", async () => {
    const asked: unknown[] = [];
    const fetch = async (url: string, headers: Readonly<Record<string, string>>) => {
      asked.push([url, headers]);
      return Buffer.from(JSON.stringify(minimal({})));
    };
    const loaded = await load("https://u:p@specs.example.com/api.json?key=k", {
      fetch,
      headers: { "x-key": "secret" },
    });
    expect(asked).toEqual([["https://u:p@specs.example.com/api.json?key=k", { "x-key": "secret" }]]);
    expect(JSON.stringify(loaded)).not.toMatch(/secret|u:p|key=k/);
    expect(loaded.source).toBe("https://specs.example.com/api.json");
  });

  it("keeps references in place, so that a cycle costs nothing", async () => {
    const { document } = await load(specFile("schema-cycle.yaml"));
    expect(JSON.stringify(document)).toContain('"$ref":"#/components/schemas/Folder"');
  });

  it("tolerates 3.2, and takes an undeclared path parameter with validation off", async () => {
    const paths = { "/a/{id}": { get: ok, query: ok } };
    const file = write("three-two.json", { ...minimal(paths), openapi: "3.2.0" });
    expect((await load(file, { validate: false })).version).toBe("3.2.0");
  });

  it("does not take a $ref in an example or a property of that name for a reference", async () => {
    const schemas = {
      A: {
        type: "object",
        properties: { $ref: { type: "string" } },
        example: { $ref: "./nowhere.json" },
        default: { $ref: "x" },
      },
    };
    await expect(load(write("literal.json", minimal({}, { components: { schemas } })))).resolves.toBeDefined();
  });
});

describe("a document that is none", () => {
  const cases: readonly { name: string; given: () => string; want: string }[] = [
    {
      name: "missing file",
      given: () => join(folder, "none.json"),
      want: "cannot read none.json (ENOENT) | Check the name of the file and that it may be read.",
    },
    { name: "folder", given: () => folder, want: `cannot read ${"FOLDER"} (EISDIR) | Name the file itself.` },
    {
      name: "empty",
      given: () => write("empty.json", " \n"),
      want: "empty.json is empty | Give an OpenAPI document in JSON or YAML.",
    },
    {
      name: "broken JSON",
      given: () => write("broken.json", '{\n  "openapi": "3.1.0",\n  oops\n}'),
      want: "broken.json:3:3 is not JSON: Expected double-quoted property name | Correct the document at that line.",
    },
    {
      name: "JSON with a token where none belongs",
      given: () => write("token.json", '{\n  "openapi": "3.1.0",\n  "info": ,\n}\n'),
      want: "token.json:3:11 is not JSON: Unexpected token ',' | Correct the document at that line.",
    },
    {
      name: "JSON that ends too soon",
      given: () => write("short.json", '{"openapi":\n"3.1.0"'),
      want: "short.json:2:8 is not JSON: Expected ',' or '}' after property value | Correct the document at that line.",
    },
    {
      name: "broken YAML",
      given: () => write("broken.yaml", "openapi: 3.1.0\ninfo: [1\n"),
      want: "broken.yaml:3:1 is not YAML: Flow sequence in block collection must be sufficiently indented and end with a ] | Correct the document at that line.",
    },
    {
      name: "a YAML tag",
      given: () => write("tag.yaml", "openapi: !!js/function 'x'\n"),
      want: "tag.yaml:1:10 is not YAML: Unresolved tag: tag:yaml.org,2002:js/function | Correct the document at that line.",
    },
    {
      name: "an alias bomb",
      given: () =>
        write(
          "bomb.yaml",
          `a0: &a0 [x]\n${Array.from({ length: 30 }, (_, at) => `a${at + 1}: &a${at + 1} [*a${at}, *a${at}]`).join("\n")}\n`,
        ),
      want: "bomb.yaml cannot be read: Excessive alias count indicates a resource exhaustion attack | Write the document with fewer aliases.",
    },
    {
      name: "a list",
      given: () => write("list.json", "[]"),
      want: "list.json is not an OpenAPI document: it holds a list | Give an OpenAPI document in JSON or YAML.",
    },
    {
      name: "text",
      given: () => write("text.txt", "hello"),
      want: "text.txt is not an OpenAPI document: it holds a string | Give an OpenAPI document in JSON or YAML.",
    },
    {
      name: "a login page",
      given: () => write("page.html", "<!doctype html><p>Sign in"),
      want: "page.html is a web page, not an OpenAPI document | Check the address; a private document may need --header.",
    },
    { name: "Latin-1", given: () => latin1(), want: "latin.yaml is not text in UTF-8 | Save the document as UTF-8." },
    {
      name: "another JSON",
      given: () => write("package.json", { name: "x" }),
      want: 'package.json is not an OpenAPI document: it has no "openapi" key | Give an OpenAPI document; it begins with openapi: "3.1.0" or swagger: "2.0".',
    },
    {
      name: "a version that is a number",
      given: () => write("number.yaml", "openapi: 3.0\n"),
      want: "number.yaml#/openapi is 3; the version must be a string, in quotes | Specgate reads Swagger 2.0 and OpenAPI 3.0, 3.1 and 3.2.",
    },
    {
      name: "OpenAPI 4",
      given: () => write("four.json", { openapi: "4.0.0" }),
      want: 'four.json#/openapi is "4.0.0" | Specgate reads Swagger 2.0 and OpenAPI 3.0, 3.1 and 3.2.',
    },
    {
      name: "50 MB",
      given: () => write("large.json", `{"openapi":"3.1.0","x-a":"${"a".repeat(50 * 1024 * 1024)}"}`),
      want: "large.json has 50.0 MB; the limit is 32 MB | Split the document, or remove what needs no tool.",
    },
    {
      name: "nested beyond reason",
      given: () => write("deep.json", `{"openapi":"3.1.0","paths":${'{"a":'.repeat(400)}1${"}".repeat(400)}}`),
      want: "is nested deeper than 256 | Flatten the document.",
    },
  ];
  function latin1(): string {
    const file = join(folder, "latin.yaml");
    writeFileSync(file, Buffer.from([0x6f, 0x3a, 0xe9, 0x0a]));
    return file;
  }
  for (const { name, given, want } of cases)
    it(`is refused with its place and what to do: ${name}`, async () => {
      expect((await faultOf(given())).replace(folder, "FOLDER")).toContain(want);
    });
});

describe("a document with a fault", () => {
  const id = { name: "id", in: "path", required: true, schema: { type: "string" } };
  const cases: readonly { name: string; given: object; want: string }[] = [
    {
      name: "dangling $ref",
      given: minimal({}, { components: { schemas: { A: { properties: { b: { $ref: "#/components/schemas/B" } } } } } }),
      want: 'x.json#/components/schemas/A/properties/b refers to "#/components/schemas/B", which does not exist | Correct the $ref, or add what it refers to.',
    },
    {
      name: "a $ref that bites its own tail",
      given: minimal({}, { components: { schemas: { A: { $ref: "#/components/schemas/A" } } } }),
      want: 'x.json#/components/schemas/A refers to "#/components/schemas/A", which leads through more than 64 references | Correct the $ref, or add what it refers to.',
    },
    {
      name: "an operationId given twice",
      given: minimal({ "/a": { get: { ...ok, operationId: "x" } }, "/b": { get: { ...ok, operationId: "x" } } }),
      want: 'x.json#/paths/~1b/get has the operationId "x" of #/paths/~1a/get | Give each operation an operationId of its own.',
    },
    {
      name: "an undeclared path parameter",
      given: minimal({ "/a/{id}/{other}": { parameters: [id], get: ok } }),
      want: 'x.json#/paths/~1a~1{id}~1{other}/get does not declare the path parameter "other" | Add it to "parameters", or run with --no-validate to take it for a string.',
    },
    {
      name: "a key that OpenAPI does not have",
      given: minimal({ "/a": { get: { ...ok, parameters: [{ name: "q", in: "nowhere", schema: {} }] } } }),
      want: 'x.json#/paths/~1a/get/parameters/0/in must be equal to one of the allowed values: ["query","header","path","cookie"] | Correct the document, or run with --no-validate to take it as it is.',
    },
    {
      name: "no info",
      given: { openapi: "3.0.0", paths: {} },
      want: "x.json# must have required property 'info' | Correct the document, or run with --no-validate to take it as it is.",
    },
    {
      name: "an operationId given twice in Swagger 2.0",
      given: {
        swagger: "2.0",
        info: { title: "T", version: "1" },
        paths: { "/a": { get: { ...ok, operationId: "x" } }, "/b": { get: { ...ok, operationId: "x" } } },
      },
      want: "x.json is not valid: Validation failed. Duplicate operation id 'x' | Correct the document, or run with --no-validate to take it as it is.",
    },
  ];
  for (const { name, given, want } of cases)
    it(`is refused with a JSON pointer: ${name}`, async () => expect(await faultOf(write("x.json", given))).toBe(want));

  it("needs no operationIds", async () => {
    await expect(load(write("anonymous.json", minimal({ "/a": { get: ok } })))).resolves.toBeDefined();
  });

  it("may hold 20,000 operations and no more", async () => {
    const paths = Object.fromEntries(Array.from({ length: 20_001 }, (_, at) => [`/p${at}`, { get: ok }]));
    expect(await faultOf(write("many.json", minimal(paths)), { validate: false })).toBe(
      "many.json#/paths has more than 20000 operations | Split it.",
    );
  });
});

describe("a $ref that leaves the document", () => {
  const referring = (ref: string): object => minimal({}, { components: { schemas: { A: { $ref: ref } } } });

  it("reaches files in the document's folder", async () => {
    write("inside/parts/a.yaml", "type: string\n");
    const { document } = await load(write("inside/openapi.json", referring("./parts/a.yaml")));
    expect(document.components?.schemas).toEqual({ A: { type: "string" }, a: { $ref: "#/components/schemas/A" } });
  });

  it("reaches allowed hosts only, and takes no header there", async () => {
    const asked: unknown[] = [];
    const fetch = async (url: string, headers: object) => {
      asked.push([url, headers]);
      return Buffer.from('{"type":"integer"}');
    };
    const file = write("remote.json", referring("https://schemas.example.com/a.json"));
    const options = { fetch, headers: { authorization: "secret" } };
    expect(await faultOf(file, options)).toBe(
      'remote.json#/components/schemas/A: $ref "https://schemas.example.com/a.json" leads to schemas.example.com, which is not an allowed host | Allow it with --allow-host, or ship the file with the document.',
    );
    expect(asked).toEqual([]);
    await load(file, { ...options, remoteHosts: ["schemas.example.com"] });
    expect(asked).toEqual([["https://schemas.example.com/a.json", {}]]);
  });

  const refused: readonly { name: string; given: () => string; want: string }[] = [
    {
      name: "../",
      given: () => "../outside.yaml",
      want: "leads out of the document's folder | Move the file into that folder.",
    },
    {
      name: "an absolute path",
      given: () => join(folder, "outside.yaml"),
      want: "leads out of the document's folder | Move the file into that folder.",
    },
    {
      name: "a file URL",
      given: () => "file:///etc/passwd",
      want: "leads out of the document's folder | Move the file into that folder.",
    },
    {
      name: "percent-encoded dots",
      given: () => "%2e%2e/outside.yaml",
      want: "leads out of the document's folder | Move the file into that folder.",
    },
    {
      name: "a link that leads out",
      given: () => {
        symlinkSync(join(folder, "outside.yaml"), join(folder, "in/link.yaml"));
        return "./link.yaml";
      },
      want: "leads out of the document's folder | Move the file into that folder.",
    },
    {
      name: "a file that is not there",
      given: () => "./none.yaml",
      want: "leads to a file that fails: cannot read none.yaml (ENOENT) | Correct the $ref, or add the file.",
    },
    {
      name: "a place in a file that is not there",
      given: () => "./part.yaml#/Nothing",
      want: 'Token "Nothing" does not exist. | Correct the $ref.',
    },
  ];
  for (const { name, given, want } of refused)
    it(`is refused: ${name}`, async () => {
      write("outside.yaml", "type: string\n");
      write("in/part.yaml", "Thing: { type: string }\n");
      const fault = await faultOf(write("in/openapi.json", referring(given())));
      expect(fault).toMatch(/^in\/openapi\.json#\/components\/schemas\/A: \$ref "/);
      expect(fault).toContain(want);
    });

  it("is refused from stdin and from a URL to a file", async () => {
    const stdin = Buffer.from(JSON.stringify(referring("./a.yaml")));
    expect(await faultOf("-", { stdin })).toContain("leads to another file, but the document came from stdin");
    const fetch = async () => Buffer.from(JSON.stringify(referring("file:///etc/passwd")));
    expect(await faultOf("https://specs.example.com/a.json", { fetch })).toContain("leads from a URL to a file");
  });
});
