import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import type { Api } from "../../src/descriptor.ts";
import { generateFrom } from "../fakes/gateway.ts";
import { startViewGateway, type ViewGateway } from "../fakes/viewGateway.ts";
import { startWidgets, type Widgets, widgetSpec } from "../fakes/widgets.ts";
import { adminClient } from "./adminClient.ts";
import { envelope, openStream, postStateless } from "./wire.ts";

// What a gateway key may read: bound arguments, whoami, and the end of a subscription with its key.

const token = "an-admin-token-of-the-tests";
const yaml = `
api: test
credentials: { passThrough: false }
whoami: { windowDays: 30, from: { tool: list_widgets, fields: { count: returnedCount } } }
resources:
  - { uriTemplate: "w://widgets/{id}", name: widget, tool: get_widget }
  - { uriTemplate: "w://slow/{id}", name: slow, tool: get_widget, complete: { id: list_widgets } }
  - { uri: "w://mine", name: mine, tool: get_widget, bound: id }
  - { uri: "w://watched", name: watched, tool: list_widgets, poll: 5s }
`;

let api: Api;
let widgets: Widgets;
let gateway: ViewGateway;
beforeAll(async () => {
  ({ api } = await generateFrom(widgetSpec));
  widgets = await startWidgets(["upstream-key"]);
  gateway = await startViewGateway({
    api,
    upstream: widgets.url,
    yaml,
    variables: { SPECGATE_ADMIN_TOKEN: token, SPECGATE_SECRET: "a secret of at least 32 characters" },
  });
});
afterAll(async () => {
  await gateway.close();
  await widgets.close();
});

/** A new gateway key. */
async function keyWith(more: object = {}): Promise<{ readonly id: string; readonly headers: Record<string, string> }> {
  const admin = adminClient(gateway.base, { authorization: `Bearer ${token}` });
  const wanted = { name: "Night shift", user: { id: "u1" }, organisation: { id: "o1", name: "Acme" }, scopes: "read" };
  const { body } = await admin.send("POST /keys", { ...wanted, upstreamCredential: "upstream-key", ...more });
  return { id: String(body.id), headers: { "x-api-key": String(body.key) } };
}

const request = async (method: string, params: object, headers: Record<string, string>) =>
  (await postStateless(gateway.url, method, params as Record<string, unknown>, { headers })).body as {
    readonly result?: { readonly [member: string]: unknown };
    readonly error?: { readonly code: number; readonly message: string };
  };
const readText = async (uri: string, headers: Record<string, string>): Promise<unknown> => {
  const { result = {}, error } = await request("resources/read", { uri }, headers);
  return error?.code ?? JSON.parse((result.contents as { text: string }[])[0]?.text ?? "");
};

describe("a gateway key", () => {
  it("is told its name, its organisation and how far back a search reaches", async () => {
    const { id, headers } = await keyWith();
    expect(await readText("test://me", headers)).toMatchObject({
      kind: "key",
      organisation: { id: "o1", name: "Acme" },
      scopes: ["mcp.read"],
      key: { id, name: "Night shift" },
      count: 1,
      search_window: { days: 30, from: expect.any(String) },
    });
  });

  it("reads within its bounds alone, and what is filled in for it", async () => {
    const { headers } = await keyWith({ boundArguments: { id: { fixed: "w1", elsewhere: "allow" } } });
    const { result = {} } = await request("resources/list", {}, headers);
    expect((result.resources as { uri: string }[]).map(({ uri }) => uri)).toEqual([
      "test://me",
      "w://mine",
      "w://watched",
    ]);
    expect(await readText("w://mine", headers)).toMatchObject({ id: "w1" });
    expect(await readText("w://widgets/w1", headers)).toMatchObject({ id: "w1" });
    expect(await readText("w://widgets/w2", headers)).toBe(-32602);
    const unbound = await keyWith();
    expect(await readText("w://mine", unbound.headers)).toBe(-32602);
    expect(await readText("w://widgets/w2", unbound.headers)).toBe(-32602);
  });

  it("hears nothing more, and has nothing looked at, once it is revoked", async () => {
    const { id, headers } = await keyWith();
    const params = { notifications: { resourceSubscriptions: ["w://watched"] }, _meta: envelope() };
    const stream = await openStream(gateway.url, {
      method: "POST",
      headers: { ...headers, "mcp-protocol-version": "2026-07-28", "mcp-method": "subscriptions/listen" },
      body: { jsonrpc: "2.0", id: 1, method: "subscriptions/listen", params },
    });
    expect(await stream.message()).toMatchObject({
      params: { notifications: { resourceSubscriptions: ["w://watched"] } },
    });
    await vi.waitUntil(() => widgets.requests.length > 0, { timeout: 20_000 });
    await adminClient(gateway.base, { authorization: `Bearer ${token}` }).send(`POST /keys/${id}/revoke`);
    expect(await stream.message()).toMatchObject({ id: 1, result: {} });
    expect(await readText("w://watched", headers).catch(() => "refused")).toBe("refused");
  });
});

describe("a completion", () => {
  const ref = { type: "ref/resource", uri: "w://slow/{id}" };
  const complete = async (value: string, headers: Record<string, string>) =>
    (await request("completion/complete", { ref, argument: { name: "id", value } }, headers)).result?.completion;

  it("is empty where the API is slow, or refuses, and no error", async () => {
    const { headers } = await keyWith();
    expect(await complete("", headers)).toEqual({ values: ["w1"], hasMore: false });
    const { release } = widgets.hold();
    expect(await complete("", headers)).toEqual({ values: [], hasMore: false });
    release();
    const refused = await keyWith({ upstreamCredential: "no-such-key" });
    expect(await complete("", refused.headers)).toEqual({ values: [], hasMore: false });
  });
});

describe("resources and prompts of several Surfaces", () => {
  const surfaces = `
surfaces:
  default: { path: /mcp, resources: [widget, me], prompts: [read] }
  small: { path: /small, style: compact, resources: [watched] }
  none: { path: /none, resources: [], prompts: [] }
`;
  const prompts = { "read.md": "---\nname: read\ndescription: d\nresources: [w://widgets/w1]\n---\nRead it.\n" };
  const start = (yamlText: string) => startViewGateway({ api, upstream: widgets.url, yaml: yamlText, prompts });

  it("are those that each names, whatever its style, and no prompt without what it reads", async () => {
    const several = await start(`${yaml.replace("credentials: { passThrough: false }", "")}${surfaces}`);
    const at = async (path: string, method: string) =>
      (await postStateless(several.base + path, method, {}, { headers: { "x-api-key": "upstream-key" } })).body as {
        readonly result?: {
          readonly resources?: readonly { name: string }[];
          readonly prompts?: readonly { name: string }[];
        };
        readonly error?: { readonly code: number };
      };
    const names = async (path: string, list: "resources" | "prompts") => {
      const { result, error } = await at(path, `${list}/list`);
      return result?.[list]?.map(({ name }) => name) ?? error?.code;
    };
    expect(await names("/mcp", "resources")).toEqual(["me"]);
    expect(await names("/mcp", "prompts")).toEqual(["read"]);
    expect(await names("/small", "resources")).toEqual(["watched"]);
    expect(await names("/small", "prompts")).toBe(-32601);
    expect(await names("/none", "resources")).toBe(-32601);
    expect(await names("/none", "prompts")).toBe(-32601);
    await several.close();
  });

  it("are refused where one names what is not there", async () => {
    await expect(start(`${yaml}surfaces: { default: { resources: [widgit] } }`)).rejects.toThrow(
      'surfaces.default.resources: "widgit" matches none; there are: widget, slow, mine, watched, me',
    );
  });
});

describe("a read of a resource", () => {
  it("counts as a read of its tool, is in the audit log as one, and is refused beyond the limit", async () => {
    const lines: string[] = [];
    const limited = await startViewGateway({
      api,
      upstream: widgets.url,
      yaml: `${yaml}limits: { readsPerMinute: 2 }\naudit: { reads: true }\n`,
      variables: { SPECGATE_ADMIN_TOKEN: token, SPECGATE_SECRET: "a secret of at least 32 characters" },
    });
    const admin = adminClient(limited.base, { authorization: `Bearer ${token}` });
    const wanted = { name: "Limited", user: { id: "u1" }, scopes: "read", upstreamCredential: "upstream-key" };
    const { body } = await admin.send("POST /keys", wanted);
    const headers = { "x-api-key": String(body.key) };
    for (let read = 0; read < 3; read++) {
      const answer = await postStateless(limited.url, "resources/read", { uri: "w://widgets/w1" }, { headers });
      lines.push(JSON.stringify(answer.body));
    }
    expect(lines[1]).toContain('"contents"');
    expect(JSON.parse(lines[2] ?? "")).toMatchObject({
      error: { code: -32000, message: expect.stringContaining("2") },
    });
    const recorded = await vi.waitUntil(
      async () => {
        const { items } = (await admin.send("GET /audit")).body as unknown as {
          items: readonly { readonly tool: string }[];
        };
        const calls = items.filter(({ tool }) => !tool.startsWith("key.")); // the key it is called with was made first
        return calls.length >= 2 ? calls : undefined;
      },
      { timeout: 20_000 },
    );
    expect(new Set(recorded.map(({ tool }) => tool))).toEqual(new Set(["get_widget"]));
    await limited.close();
  });
});
