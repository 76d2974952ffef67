import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { callerOf } from "../fakes/caller.ts";
import { generateFrom, startGateway, type TestGateway } from "../fakes/gateway.ts";
import { type Answer, type Recorded, type Recorder, startRecorder } from "../fakes/recorder.ts";
import { connectV1, connectV2 } from "./clients.ts";
import { projectRoot } from "./process.ts";

/** Whole calls, from an MCP client through the gateway to an upstream that records what arrives, and back. */

interface Setting {
  readonly upstream: Recorder;
  readonly gateway: TestGateway;
  readonly close: () => Promise<void>;
}

async function setUp(document: unknown, answer: (request: Recorded) => Answer | Promise<Answer>): Promise<Setting> {
  const upstream = await startRecorder(answer);
  const { api } = await generateFrom(document);
  const gateway = await startGateway(api, upstream.url, "api: test\ncredentials: { headers: [x-api-key] }");
  return {
    upstream,
    gateway,
    close: async () => {
      await gateway.close();
      await upstream.close();
    },
  };
}

function specOf(name: string): unknown {
  return parse(readFileSync(join(projectRoot, "test/specs", name), "utf8"));
}

/** A picture of one pixel, then bytes of every value: nothing that survives being taken for text. */
const png = Buffer.concat([
  Buffer.from(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
    "base64",
  ),
  Buffer.from(Array.from({ length: 100_000 }, (_one, index) => (index * 7 + (index >> 8)) % 256)),
]);
const pngUri = `data:image/png;name=pixel.png;base64,${png.toString("base64")}`;

interface Resource {
  readonly type: string;
  readonly resource: { readonly uri: string; readonly mimeType: string; readonly blob: string };
}

/** The resource block of a raw result. */
function resourceIn(result: Readonly<Record<string, unknown>> | undefined): Resource["resource"] | undefined {
  const content = (result?.content ?? []) as readonly Resource[]; // the protocol's own shape
  return content.find(({ type }) => type === "resource")?.resource;
}

describe("files", () => {
  let setting: Setting;
  let stored: Buffer = png;
  beforeAll(async () => {
    setting = await setUp(specOf("body-files.yaml"), async ({ method, url, headers, body }) => {
      const form = /^multipart/.test(headers["content-type"] ?? "")
        ? await new Response(new Uint8Array(body), {
            headers: { "content-type": headers["content-type"] ?? "" },
          }).formData()
        : undefined;
      const picture = form?.get("picture");
      if (picture instanceof File) stored = Buffer.from(await picture.arrayBuffer());
      if (method === "PUT") {
        stored = body;
        return { status: 204 };
      }
      if (url.startsWith("/reports/"))
        return {
          headers: { "content-type": "text/csv; charset=iso-8859-1" },
          body: Buffer.from("naïve;1\n", "latin1"),
        };
      if (url.startsWith("/exports/")) {
        const type = { "content-type": "application/zip", "content-disposition": 'attachment; filename="../all.zip"' };
        return { headers: type, body: url.endsWith("/large") ? Buffer.alloc(800_000, 0xfe) : stored };
      }
      return { headers: { "content-type": "image/png" }, body: stored };
    });
  });
  afterAll(() => setting.close());
  const caller = () => callerOf(setting.gateway.url, "key-1");

  it("go in as parts with their bytes, names and media types, and come back the same", async () => {
    const { result } = await caller().request("tools/call", {
      name: "create_photo",
      arguments: {
        picture: pngUri,
        more: [png.toString("base64"), "data:text/plain,a%20b"],
        meta: { note: "ü" },
        tags: ["a", "b"],
      },
    });
    const { headers, body } = setting.upstream.last();
    const form = await new Response(new Uint8Array(body), {
      headers: { "content-type": headers["content-type"] ?? "" },
    }).formData();
    const picture = form.get("picture") as File;
    expect([picture.name, picture.type]).toEqual(["pixel.png", "image/png"]);
    expect(Buffer.from(await picture.arrayBuffer()).equals(png)).toBe(true);
    const more = form.getAll("more") as File[];
    expect(more.map(({ name, type, size }) => [name, type, size])).toEqual([
      ["file", "application/octet-stream", png.length],
      ["file.txt", "text/plain", 3],
    ]);
    expect([form.get("meta"), form.get("tags")]).toEqual(['{"note":"ü"}', "a,b"]);
    const resource = resourceIn(result);
    expect(resource?.mimeType).toBe("image/png");
    expect(Buffer.from(resource?.blob ?? "", "base64").equals(png)).toBe(true);
  });

  it("go in as a body and come out as an embedded resource, byte for byte", async () => {
    const changed = Buffer.concat([png, Buffer.from([0, 255])]);
    await caller().call("update_avatar", { id: "7", body: changed.toString("base64url") });
    const { method, headers, body } =
      setting.upstream.requests.find((one) => one.method === "PUT") ?? setting.upstream.last();
    expect([method, headers["content-type"]]).toEqual(["PUT", "image/png"]);
    expect(body.equals(changed)).toBe(true);
    const { result } = await caller().request("tools/call", { name: "get_avatar", arguments: { id: "7" } });
    expect(setting.upstream.last().headers.accept).toBe("image/png");
    const resource = resourceIn(result);
    expect(Buffer.from(resource?.blob ?? "", "base64").equals(changed)).toBe(true);
    const hash = createHash("sha256").update(changed).digest("hex").slice(0, 16);
    expect(result?.structuredContent).toEqual({
      item: { mediaType: "image/png", size: changed.length, uri: `specgate://file/get_avatar/${hash}/file.png` },
      notes: ["The file is the resource in this result."],
    });
    expect(JSON.stringify(result?.structuredContent)).not.toContain("PNG");
  });

  it("are named as the upstream names them, without its folders, and too large ones are refused", async () => {
    const { result } = await caller().request("tools/call", { name: "get_export", arguments: { id: "1" } });
    expect(result?.structuredContent).toMatchObject({ item: { mediaType: "application/zip", name: "all.zip" } });
    const { error } = await caller().call("get_export", { id: "large" });
    expect(error).toMatchObject({ code: "response_too_large" });
  });

  it("that are texts come as text in their charset", async () => {
    const { structured } = await caller().call("get_report", { id: "1" });
    expect(structured).toMatchObject({ item: "naïve;1\n" });
  });

  it("that are none are refused before anything is sent", async () => {
    const before = setting.upstream.requests.length;
    for (const picture of [
      "not a file",
      "https://evil.example/x.png",
      "file:///etc/passwd",
      "data:text/html,<b>",
      "",
    ]) {
      const { error } = await caller().call("create_photo", { picture });
      expect(error, picture).toMatchObject({ code: "invalid_arguments" });
      expect(String(error.message), picture).toContain("picture");
    }
    expect(setting.upstream.requests.length).toBe(before);
  });
});

describe("a file in a result", () => {
  for (const [name, connect] of [
    ["v1", connectV1],
    ["v2", connectV2],
  ] as const) {
    it(`is taken by the ${name} SDK client`, async () => {
      const setting = await setUp(specOf("body-files.yaml"), () => ({
        headers: { "content-type": "image/png" },
        body: png,
      }));
      const client = await connect(setting.gateway.url, "key-1");
      const { structured, isError } = await client.call("get_avatar", { id: "7" });
      await client.close();
      await setting.close();
      expect(isError).toBe(false);
      expect(structured).toMatchObject({ item: { mediaType: "image/png", size: png.length } });
    });
  }
});

describe("Swagger 2.0's collection formats", () => {
  let setting: Setting;
  beforeAll(async () => {
    setting = await setUp(specOf("swagger-2-formats.yaml"), () => ({
      headers: { "content-type": "application/json" },
      body: '{"a":"b"}',
    }));
  });
  afterAll(() => setting.close());

  it("arrive as the document says, in paths, queries, headers and forms", async () => {
    const list = ["x", "y z,w"];
    const plain = ["x", "y"];
    const caller = callerOf(setting.gateway.url, "key-1");
    await caller.call("get_thing", {
      ...{ c: list, s: plain, p: list, t: list, qd: list, qc: list, qs: plain, qp: list, qt: list, qm: list },
      ...{ hd: plain, hs: plain, hp: list, ht: list },
    });
    const { url, headers } = setting.upstream.last();
    const [path = "", query = ""] = url.split("?");
    expect(path).toBe("/things/x,y%20z%2Cw/x%20y/x%7Cy%20z%2Cw/x%09y%20z%2Cw");
    expect(query.split("&").sort()).toEqual([
      "qc=x,y%20z%2Cw",
      "qd=x,y%20z%2Cw",
      "qm=x",
      "qm=y%20z%2Cw",
      "qp=x%7Cy%20z%2Cw",
      "qs=x%20y",
      "qt=x%09y%20z%2Cw",
    ]);
    expect([headers.hd, headers.hs, headers.hp, headers.ht]).toEqual(["x,y", "x y", "x|y z,w", "x\ty z,w"]);
    await caller.call("create_form", { fd: list, fc: list, fs: plain, fp: list, ft: list, fm: list });
    expect(setting.upstream.last().headers["content-type"]).toBe("application/x-www-form-urlencoded");
    expect(setting.upstream.last().body.toString()).toBe(
      "fd=x,y%20z%2Cw&fc=x,y%20z%2Cw&fs=x%20y&fp=x%7Cy%20z%2Cw&ft=x%09y%20z%2Cw&fm=x&fm=y%20z%2Cw",
    );
    const { error } = await caller.call("get_thing", { c: plain, s: list, p: plain, t: plain });
    expect(error).toMatchObject({ code: "invalid_arguments" });
  });
});

describe("T2: what goes upstream", () => {
  const answer = { "200": { description: "ok", content: { "application/json": { schema: { type: "object" } } } } };
  const document = {
    openapi: "3.1.0",
    info: { title: "Things", version: "1" },
    components: { securitySchemes: { key: { type: "apiKey", in: "header", name: "X-Upstream-Key" } } },
    security: [{ key: [] }],
    paths: {
      "/things/{id}": {
        get: {
          operationId: "getThing",
          parameters: [
            { name: "id", in: "path", required: true, schema: { type: "string" } },
            { name: "X-Tag", in: "header", schema: { type: "string" } },
            { name: "theme", in: "cookie", schema: { type: "string" } },
          ],
          responses: answer,
        },
      },
    },
  };
  let setting: Setting;
  let other: Recorder;
  let redirect: number | undefined;
  beforeAll(async () => {
    other = await startRecorder(() => ({ body: "{}" }));
    setting = await setUp(document, () =>
      redirect === undefined
        ? { headers: { "content-type": "application/json" }, body: '{"id":"1"}' }
        : { status: redirect, headers: { location: `${other.url}/stolen` } },
    );
  });
  afterAll(async () => {
    await setting.close();
    await other.close();
  });

  it("is what the arguments and the configuration say, and nothing of the inbound request (500 sets of headers)", async () => {
    const own = [
      "content-type",
      "accept",
      "host",
      "connection",
      "content-length",
      "transfer-encoding",
      "te",
      "trailer",
      "expect",
      "upgrade",
      "keep-alive",
    ];
    const taken = [
      "x-api-key",
      "authorization",
      "origin",
      "mcp-protocol-version",
      "mcp-method",
      "mcp-name",
      "mcp-session-id",
      "proxy-connection",
      "",
    ];
    const name = fc.oneof(
      fc.constantFrom(
        "cookie",
        "x-forwarded-for",
        "forwarded",
        "x-real-ip",
        "traceparent",
        "x-tag",
        "x-upstream-key",
        "user-agent",
        "referer",
        "accept-language",
        "x-request-id",
      ),
      fc.stringMatching(/^x-[a-z]{1,10}$/).filter((one) => !one.startsWith("x-mcp-")),
    );
    const value = fc.uuid().map((one) => `canary-${one}`);
    await fc.assert(
      fc.asyncProperty(fc.dictionary(name, value, { maxKeys: 6, noNullPrototype: true }), async (headers) => {
        const safe = Object.fromEntries(Object.entries(headers).filter(([one]) => ![...own, ...taken].includes(one)));
        const { isError } = await callerOf(setting.gateway.url, "key-1", safe).call("get_thing", { id: "1" });
        expect(isError).toBe(false);
        const sent = setting.upstream.last();
        expect(JSON.stringify(sent.headers)).not.toContain("canary-");
        expect(Object.keys(sent.headers).sort()).toEqual([
          "accept",
          "accept-encoding",
          "connection",
          "host",
          "user-agent",
          "x-upstream-key",
        ]);
      }),
      { numRuns: 500 },
    );
  });

  it("holds declared headers and cookies from arguments alone", async () => {
    const caller = callerOf(setting.gateway.url, "key-1", { cookie: "theme=inbound", "x-tag": "inbound" });
    await caller.call("get_thing", { id: "1", "X-Tag": "mine", theme: "dark" });
    expect(setting.upstream.last().headers).toMatchObject({
      "x-tag": "mine",
      cookie: "theme=dark",
      "x-upstream-key": "key-1",
    });
  });

  for (const status of [301, 302, 303, 307, 308]) {
    it(`T25: follows no ${status}, and the key goes nowhere else`, async () => {
      redirect = status;
      const { error, text } = await callerOf(setting.gateway.url, "key-1").call("get_thing", { id: "1" });
      redirect = undefined;
      expect(error).toMatchObject({ code: "upstream_redirect" });
      expect(text).not.toContain(new URL(other.url).host);
      expect(other.requests).toHaveLength(0);
    });
  }

  it("T24: is the operator's, whatever servers the document names", async () => {
    const evil = { ...document, servers: [{ url: `${other.url}/evil` }], paths: document.paths };
    const second = await setUp(evil, () => ({ headers: { "content-type": "application/json" }, body: '{"id":"1"}' }));
    await callerOf(second.gateway.url, "key-1").call("get_thing", { id: "1" });
    expect(second.upstream.last().url).toBe("/things/1");
    await second.close();
    expect(other.requests).toHaveLength(0);
  });
});
