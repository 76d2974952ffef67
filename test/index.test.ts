import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import express from "express";
import { expect, it, onTestFinished } from "vitest";
import { createGateway, type GatewayFile } from "../src/index.ts";
import { generateFrom } from "./fakes/gateway.ts";
import { postStateless } from "./http/wire.ts";

const noun = (name: string): object => ({
  get: { operationId: `list${name}`, responses: { 200: { description: "All of them." } } },
});
const documentOf = (...names: readonly string[]): object => ({
  openapi: "3.1.0",
  info: { title: "Things", version: "1" },
  paths: Object.fromEntries(names.map((name) => [`/${name.toLowerCase()}`, noun(name)])),
});
const quiet = { LOG_LEVEL: "silent" };

it("createGateway serves what reload gives it, and the old one on when that is wrong", async () => {
  const { api } = await generateFrom(documentOf("Widgets"));
  const gateway = createGateway({ api, upstream: "http://127.0.0.1:9", environment: quiet });
  const server = createServer(express().use(gateway.listener));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(async () => {
    server.close();
    await gateway.close();
  });
  const at = (path: string): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`;
  const names = async (path = "/mcp"): Promise<unknown> =>
    ((await postStateless(at(path), "tools/list")).body as { result: { tools: { name: string }[] } }).result.tools.map(
      ({ name }) => name,
    );
  expect(await names()).toEqual(["count_widgets", "list_widgets"]);

  await gateway.reload({ api: (await generateFrom(documentOf("Gadgets"))).api });
  expect(await names()).toEqual(["count_gadgets", "list_gadgets"]);
  const moved: GatewayFile = { api: "things", surfaces: { default: { path: "/things" } } };
  await gateway.reload({ config: moved });
  expect(await names("/things")).toEqual(["count_gadgets", "list_gadgets"]);

  const wrong: GatewayFile = { api: "things", credentials: { check: { operation: "getMe" } } };
  await expect(gateway.reload({ config: wrong })).rejects.toMatchObject({ code: "invalid_request" });
  expect(await names("/things")).toEqual(["count_gadgets", "list_gadgets"]);
});
