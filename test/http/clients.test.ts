import { randomUUID } from "node:crypto";
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { Client as ClientV1 } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport as TransportV1 } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { ElicitRequestSchema, ToolListChangedNotificationSchema } from "@modelcontextprotocol/sdk/types.js";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Gateway, startGateway } from "./gateway.ts";
import { key } from "./wire.ts";

const yes = { action: "accept" as const, content: { yes: true } };

describe.each(["server", "express"] as const)("the official clients against our %s", (placement) => {
  let gateway: Gateway;
  beforeAll(async () => {
    gateway = await startGateway({ placement });
  });
  afterAll(() => gateway.close());

  it("v1 lists, calls, is asked, hears of changes and is told of errors, in the session era", async () => {
    const transport = new TransportV1(new URL(gateway.url), { requestInit: { headers: key } });
    const client = new ClientV1({ name: "v1", version: "1" }, { capabilities: { elicitation: {} } });
    client.setRequestHandler(ElicitRequestSchema, async () => yes);
    const changed = new Promise((resolve) => client.setNotificationHandler(ToolListChangedNotificationSchema, resolve));
    // The SDK's own types disagree with each other under exactOptionalPropertyTypes; the value is what it asks for.
    await client.connect(transport as Parameters<typeof client.connect>[0]);
    expect([transport.protocolVersion, transport.sessionId?.slice(0, 3)]).toEqual(["2025-11-25", "v1."]);
    expect((await client.listTools()).tools).toHaveLength(9);
    expect(await client.callTool({ name: "get_widget", arguments: { id: "v1" } })).toMatchObject({
      structuredContent: { id: "v1" },
    });
    const steps: number[] = [];
    await client.callTool({ name: "talk_widget" }, undefined, { onprogress: ({ progress }) => steps.push(progress) });
    expect(steps).toEqual([1, 2]);
    expect(await client.callTool({ name: "delete_widget", arguments: { id: "v1" } })).toMatchObject({
      structuredContent: { deleted: true },
    });
    expect(gateway.widgets.deleted).toContain("v1");
    expect(await client.callTool({ name: "refuse_widget" })).toMatchObject({ isError: true });
    await expect(client.callTool({ name: "no_such" })).rejects.toMatchObject({ code: -32602 });
    await expect
      .poll(async () => {
        await gateway.mcp.notify({ type: "tools_list_changed" }, randomUUID());
        return Promise.race([changed, undefined]);
      })
      .toBeDefined();
    await transport.terminateSession();
    expect(await gateway.sessions.count()).toBe(0);
    await client.close();
  });

  it("v2 does the same in the stateless era", async () => {
    const client = new Client(
      { name: "v2", version: "1" },
      { capabilities: { elicitation: {} }, versionNegotiation: { mode: { pin: "2026-07-28" } } },
    );
    client.setRequestHandler("elicitation/create", async () => yes);
    await client.connect(new StreamableHTTPClientTransport(new URL(gateway.url), { requestInit: { headers: key } }));
    expect(client.getProtocolEra()).toBe("modern");
    expect((await client.listTools()).tools).toHaveLength(9);
    expect(await client.callTool({ name: "get_widget", arguments: { id: "v2" } })).toMatchObject({
      structuredContent: { id: "v2" },
    });
    expect(await client.callTool({ name: "delete_widget", arguments: { id: "v2" } })).toMatchObject({
      structuredContent: { deleted: true },
    });
    expect(gateway.widgets.deleted).toContain("v2");
    expect(await client.callTool({ name: "refuse_widget" })).toMatchObject({ isError: true });
    await expect(client.callTool({ name: "no_such" })).rejects.toMatchObject({ code: -32602 });
    await client.close();
  });

  it("v2 that speaks both chooses the stateless era, and the session era when told to", async () => {
    for (const [mode, era] of [
      ["auto", "modern"],
      ["legacy", "legacy"],
    ] as const) {
      const client = new Client({ name: "v2", version: "1" }, { versionNegotiation: { mode } });
      await client.connect(new StreamableHTTPClientTransport(new URL(gateway.url), { requestInit: { headers: key } }));
      expect([mode, client.getProtocolEra()]).toEqual([mode, era]);
      expect((await client.listTools()).tools).toHaveLength(9);
      await client.close();
    }
  });

  it("are told why a key is no good", async () => {
    const transport = new TransportV1(new URL(gateway.url), { requestInit: { headers: { "x-api-key": "a b" } } });
    const client = new ClientV1({ name: "v1", version: "1" });
    await expect(client.connect(transport as Parameters<typeof client.connect>[0])).rejects.toThrow(
      /whitespace inside/,
    );
  });
});
