import { randomUUID } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { startRedis, withoutRedis } from "../fakes/redis.ts";
import {
  get,
  key,
  type Opened,
  openSession,
  openStream,
  postSession,
  postStateless,
  type Reading,
} from "../http/wire.ts";
import { listening, type Served, serveNode, specgateMain } from "./process.ts";

const both = ["gadget", "widget"];

/** A Spec with a List of each noun. */
function specOf(nouns: readonly string[]): string {
  const paths = nouns.map((noun) => [
    `/${noun}s`,
    {
      get: {
        operationId: `list${noun[0]?.toUpperCase()}${noun.slice(1)}s`,
        responses: {
          200: {
            description: "All of them.",
            content: {
              "application/json": {
                schema: { type: "array", items: { type: "object", properties: { id: { type: "string" } } } },
              },
            },
          },
        },
      },
    },
  ]);
  return JSON.stringify({
    openapi: "3.1.0",
    info: { title: "Things", version: "1" },
    paths: Object.fromEntries(paths),
  });
}

interface Upstream {
  readonly url: string;
  /** Requests that wait for their answer. */
  readonly held: ServerResponse[];
  readonly answer: () => void;
}

/** An API whose answers wait until they are let go, where `holds`. Each thing it lists is called by its name. */
async function startUpstream(name: string, holds = false): Promise<Upstream> {
  const held: ServerResponse[] = [];
  const answerOne = (res: ServerResponse): void => {
    res.setHeader("content-type", "application/json").end(JSON.stringify([{ id: name }]));
  };
  const server = createServer((_req, res) => (holds ? held.push(res) : answerOne(res)));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const answer = (): void => held.splice(0).forEach(answerOne);
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, held, answer };
}

/** The files of a gateway that serves a Spec as it stands, and what may be rewritten in them. */
function files(): {
  readonly folder: string;
  readonly spec: (nouns: readonly string[]) => void;
  readonly yaml: (text: string) => void;
} {
  const folder = mkdtempSync(join(tmpdir(), "specgate-reload-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return {
    folder,
    spec: (nouns) => writeFileSync(join(folder, "openapi.json"), specOf(nouns)),
    yaml: (text) => writeFileSync(join(folder, "gateway.yaml"), text),
  };
}

async function serve(folder: string, env: Readonly<Record<string, string>> = {}): Promise<Served> {
  const args = [
    "serve",
    "--spec",
    join(folder, "openapi.json"),
    "--config",
    join(folder, "gateway.yaml"),
    "--port",
    "0",
  ];
  const served = await serveNode([specgateMain, ...args], listening, { env });
  onTestFinished(async () => void (await served.stop()));
  return served;
}

const yamlFor = ({ url }: Upstream, more = ""): string =>
  `api: things\nupstreams: { prod: { url: "${url}" } }\n${more}`;

async function toolNames(url: string): Promise<string[]> {
  const { body } = await postStateless(url, "tools/list");
  return (body as { result: { tools: { name: string }[] } }).result.tools.map(({ name }) => name).sort();
}

const namesOf = (nouns: readonly string[]): string[] =>
  nouns.flatMap((noun) => [`count_${noun}s`, `list_${noun}s`]).sort();

/** Counts the notifications of a stream until it is left. */
function counting(stream: Reading): { readonly methods: string[] } {
  const methods: string[] = [];
  const read = async (): Promise<void> => {
    for (let event = await stream.next(); event !== null; event = await stream.next())
      if (event.data !== "") methods.push((JSON.parse(event.data) as { method: string }).method);
  };
  read().catch(() => undefined);
  onTestFinished(stream.leave);
  return { methods };
}

const listenParams = { notifications: { toolsListChanged: true } };

async function listen(url: string): Promise<{ readonly methods: string[] }> {
  const params = {
    ...listenParams,
    _meta: {
      "io.modelcontextprotocol/protocolVersion": "2026-07-28",
      "io.modelcontextprotocol/clientCapabilities": {},
    },
  };
  const stream = await openStream(url, {
    method: "POST",
    headers: { "mcp-protocol-version": "2026-07-28", "mcp-method": "subscriptions/listen" },
    body: { jsonrpc: "2.0", id: 1, method: "subscriptions/listen", params },
  });
  expect((await stream.message()).method).toBe("notifications/subscriptions/acknowledged");
  return counting(stream);
}

async function follow(url: string, { headers }: Opened): Promise<{ readonly methods: string[] }> {
  const stream = await openStream(url, { headers });
  await stream.next();
  return counting(stream);
}

const patience = { timeout: 20_000, interval: 20 };
const listChanged = "notifications/tools/list_changed";

describe("SIGHUP", () => {
  it("serves the Spec and gateway.yaml as they now stand, and tells every client once", async () => {
    const upstream = await startUpstream("one");
    const { folder, spec, yaml } = files();
    spec(["widget"]);
    yaml(yamlFor(upstream));
    const served = await serve(folder);
    const url = `${served.url}/mcp`;
    const session = await openSession(url);
    const streams = [await follow(url, session), await listen(url)];
    expect(await toolNames(url)).toEqual(namesOf(["widget"]));

    spec(both);
    served.child.kill("SIGHUP");
    await served.printed('"reloaded"');
    expect(await toolNames(url)).toEqual(namesOf(both));
    const listed = await postSession(
      url,
      "tools/call",
      { name: "list_gadgets", arguments: {} },
      { headers: session.headers },
    );
    expect(listed.text).toContain("one");
    await vi.waitFor(
      () => expect(streams.map(({ methods }) => methods)).toEqual([[listChanged], [listChanged]]),
      patience,
    );

    yaml(yamlFor(upstream, "surfaces: { default: { path: /things } }\n"));
    served.child.kill("SIGHUP");
    await vi.waitFor(async () => expect(await toolNames(`${served.url}/things`)).toEqual(namesOf(both)), patience);
    expect((await get(url, key)).status).toBe(404);
    expect((await get(`${served.url}/things/health`)).body).toMatchObject({ status: "ok" });
  });

  it("tells nobody when the lists of tools are as before", async () => {
    const [one, two] = [await startUpstream("one"), await startUpstream("two")];
    const { folder, spec, yaml } = files();
    spec(["widget"]);
    yaml(yamlFor(one));
    const served = await serve(folder);
    const url = `${served.url}/mcp`;
    const { methods } = await follow(url, await openSession(url));
    yaml(yamlFor(two));
    served.child.kill("SIGHUP");
    await served.printed('"reloaded"');
    expect((await postStateless(url, "tools/call", { name: "list_widgets", arguments: {} })).text).toContain("two");
    spec(both);
    served.child.kill("SIGHUP");
    await vi.waitFor(() => expect(methods).toEqual([listChanged]), patience);
  });

  it("lets a call in flight finish on what it began with", async () => {
    const [slow, fresh] = [await startUpstream("old", true), await startUpstream("new")];
    const { folder, spec, yaml } = files();
    spec(["widget"]);
    yaml(yamlFor(slow));
    const served = await serve(folder);
    const url = `${served.url}/mcp`;
    const call = (): ReturnType<typeof postStateless> =>
      postStateless(url, "tools/call", { name: "list_widgets", arguments: {} });
    const begun = call();
    await vi.waitUntil(() => slow.held.length === 1, patience);
    yaml(yamlFor(fresh));
    spec(["gadget", "widget"]);
    served.child.kill("SIGHUP");
    await served.printed('"reloaded"');
    expect((await call()).text).toContain("new");
    slow.answer();
    expect((await begun).text).toContain("old");
  });

  const faults = [
    { name: "a gateway.yaml with faults", yaml: "api: things\nupstreems: {}\n", want: "upstreems" },
    { name: "a gateway.yaml that is no YAML", yaml: "api: [", want: "gateway.yaml" },
    {
      name: "a check that the Spec does not have",
      yaml: "credentials: { check: { operation: getMe } }",
      want: "getMe",
    },
    { name: "a Spec that is none", spec: "{}", want: "openapi" },
  ];
  it("refuses what is wrong, says why, and serves the old one on", async () => {
    const upstream = await startUpstream("one");
    const { folder, spec, yaml } = files();
    spec(["widget"]);
    yaml(yamlFor(upstream));
    const served = await serve(folder);
    for (const [index, fault] of faults.entries()) {
      if (fault.spec !== undefined) writeFileSync(join(folder, "openapi.json"), fault.spec);
      yaml(fault.yaml?.startsWith("api") ? fault.yaml : yamlFor(upstream, fault.yaml ?? ""));
      served.child.kill("SIGHUP");
      const refused = (): string[] => served.lines.filter((line) => line.includes("is refused"));
      await vi.waitUntil(() => refused().length > index, patience);
      expect(refused()[index]).toContain(fault.want);
      expect(await toolNames(`${served.url}/mcp`)).toEqual(namesOf(["widget"]));
    }
    expect((await get(`${served.url}/mcp/health`)).body).toMatchObject({ status: "ok" });
  });

  it("names what only a start can change", async () => {
    const upstream = await startUpstream("one");
    const { folder, spec, yaml } = files();
    spec(["widget"]);
    yaml(yamlFor(upstream));
    const served = await serve(folder);
    yaml(yamlFor(upstream, "limits: { streamsPerPrincipal: 9 }\n"));
    served.child.kill("SIGHUP");
    await served.printed('"reloaded"');
    expect(served.lines.find((line) => line.includes("next start"))).toContain("limits.streamsPerPrincipal");
  });
});

describe.skipIf(withoutRedis)("a changed list of tools, with three replicas", () => {
  const environment = async (): Promise<Record<string, string>> => {
    const redis = await startRedis();
    onTestFinished(() => redis.close());
    return { REDIS_URL: redis.url, SPECGATE_SECRET: randomUUID() };
  };

  it("reaches the streams of every replica once, when the last one was told to reload", async () => {
    const upstream = await startUpstream("one");
    const { folder, spec, yaml } = files();
    spec(["widget"]);
    yaml(yamlFor(upstream));
    const env = await environment();
    const replicas = await Promise.all([serve(folder, env), serve(folder, env), serve(folder, env)]);
    const urls = replicas.map(({ url }) => `${url}/mcp`) as [string, string, string];
    const sessions = [await openSession(urls[0]), await openSession(urls[1]), await openSession(urls[2])];
    // Each session's stream is on another replica than the one that opened it.
    const streams = await Promise.all(sessions.map((session, at) => follow(urls[(at + 1) % 3] as string, session)));
    streams.push(...(await Promise.all(urls.map(listen))));
    spec(both);
    for (const { child } of replicas) child.kill("SIGHUP");
    await Promise.all(replicas.map(({ printed }) => printed('"reloaded"')));
    for (const url of urls) expect(await toolNames(url)).toEqual(namesOf(both));
    await vi.waitFor(
      () => expect(streams.map(({ methods }) => methods)).toEqual(streams.map(() => [listChanged])),
      patience,
    );
    // A second change comes after whatever was still to come of the first.
    spec(["gadget"]);
    for (const { child } of replicas) child.kill("SIGHUP");
    const twice = streams.map(() => [listChanged, listChanged]);
    await vi.waitFor(() => expect(streams.map(({ methods }) => methods)).toEqual(twice), patience);
  });

  it("reaches a session once that lives through a rolling restart", async () => {
    const upstream = await startUpstream("one");
    const { folder, spec, yaml } = files();
    spec(["widget"]);
    yaml(yamlFor(upstream));
    const env = await environment();
    const old = await Promise.all([serve(folder, env), serve(folder, env)]);
    const session = await openSession(`${old[0]?.url}/mcp`);
    // Seen by every replica before one of them goes.
    await follow(`${old[1]?.url}/mcp`, session);
    spec(both);
    const fresh = await Promise.all([serve(folder, env), serve(folder, env)]);
    const { methods } = await follow(`${fresh[0]?.url}/mcp`, session);
    const others = [await listen(`${fresh[1]?.url}/mcp`)];
    for (const { stop } of old) await stop();
    await vi.waitFor(
      () => expect([methods, ...others.map((other) => other.methods)]).toEqual([[listChanged], [listChanged]]),
      patience,
    );
    spec(["gadget"]);
    for (const { child } of fresh) child.kill("SIGHUP");
    await vi.waitFor(() => expect(methods).toEqual([listChanged, listChanged]), patience);
  });
});
