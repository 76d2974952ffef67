import { readFileSync } from "node:fs";
import SwaggerParser from "@apidevtools/swagger-parser";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Beacon } from "../../demo/server.ts";
import { api } from "../../generated/beacon/index.ts";
import { adminDocument } from "../../src/http/routes/admin/openapi.ts";
import { testBeacon } from "../demo/beacon.ts";
import { callerOf } from "../fakes/caller.ts";
import { startGateway, type TestGateway } from "../fakes/gateway.ts";
import { type AdminClient, adminClient } from "./adminClient.ts";

const token = "an-admin-token-of-the-tests";
const configText = readFileSync("openapi/beacon/gateway.yaml", "utf8");

let beacon: Beacon;
let gateway: TestGateway;
let admin: AdminClient;

beforeAll(async () => {
  beacon = await testBeacon();
  gateway = await startGateway(api, beacon.url, configText, {
    DATABASE_URL: "sqlite::memory:",
    SPECGATE_ADMIN_TOKEN: token,
    UPSTREAM_API_KEY: "bk_gateway_own",
  });
  admin = adminClient(gateway.base, { authorization: `Bearer ${token}` });
});
afterAll(async () => {
  await gateway.close();
  await beacon.close();
});

describe("the admin API", () => {
  it("is described by a valid OpenAPI document", async () => {
    const { body } = await admin.send("GET /openapi.json");
    expect(body).toEqual(adminDocument(api.version));
    await SwaggerParser.validate(structuredClone(body) as never);
  });

  it("makes a key that is good at once", async () => {
    const made = await admin.send("POST /keys", { name: "CI", user: { id: "u1" }, scopes: ["read"] });
    expect(made.status).toBe(201);
    const caller = callerOf(gateway.url, String(made.body.key));
    const tools = await caller.listTools();
    expect(tools.length).toBeGreaterThan(400);
  });
});
