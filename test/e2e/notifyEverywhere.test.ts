import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Beacon } from "../../demo/server.ts";
import { api } from "../../generated/beacon/index.ts";
import { createCatalog } from "../../src/catalog/catalog.ts";
import { call, testBeacon, testNow } from "../demo/beacon.ts";
import { type Caller, callerOf } from "../fakes/caller.ts";
import { startGateway, type TestGateway } from "../fakes/gateway.ts";
import { projectRoot } from "./process.ts";

type Given = Readonly<Record<string, unknown>>;

let beacon: Beacon;
let gateway: TestGateway;
let caller: Caller;
beforeAll(async () => {
  beacon = await testBeacon();
  const yaml = readFileSync(join(projectRoot, "openapi/beacon/gateway.yaml"), "utf8");
  gateway = await startGateway(api, beacon.url, `${yaml}\nlimits: { writesPerMinute: "off" }\n`);
  caller = callerOf(gateway.url, beacon.keys.full);
});
afterAll(async () => {
  await gateway.close();
  await beacon.close();
});

const outbox = async (): Promise<number> =>
  Number((await call(beacon, beacon.keys.full, "GET /outbox/count")).body.count);
const inHours = (hours: number): string => new Date(testNow.getTime() + hours * 3_600_000).toISOString();
/** The id of what a quiet create answers. */
const made = async (tool: string, args: Given): Promise<string> => {
  const { structured, text } = await caller.call(tool, { ...args, notify: false });
  const { id } = (structured.item ?? {}) as { id?: string };
  if (id === undefined) throw new Error(`${tool}: ${text}`);
  return id;
};
const pageId = "page_acme_api";
const incident = { title: "Slow answers", severity: "minor", pageId };
const maintenance = { title: "New disks", message: "They are larger.", pageId, from: inHours(-1), to: inHours(2) };
const report = { title: "Slow answers", status: "investigating", message: "We look.", pageId };

/** What is called, with fresh objects each time, by every Tool of Beacon that can alert people. */
const calls: Readonly<Record<string, () => Promise<Given>>> = {
  create_alert: async () => ({ title: "A finding" }),
  create_incident: async () => incident,
  create_incident_update: async () => ({ incidentId: await made("create_incident", incident), status: "monitoring" }),
  resolve_incident: async () => ({ incidentId: await made("create_incident", incident) }),
  bulk_resolve_incidents: async () => ({ ids: [await made("create_incident", incident)] }),
  reopen_incident: async () => {
    const incidentId = await made("create_incident", incident);
    await caller.call("resolve_incident", { incidentId, notify: false });
    return { incidentId };
  },
  create_maintenance: async () => maintenance,
  create_maintenance_update: async () => ({
    maintenanceId: await made("create_maintenance", maintenance),
    message: "Half of it is done.",
  }),
  cancel_maintenance: async () => ({
    maintenanceId: await made("create_maintenance", { ...maintenance, from: inHours(1) }),
  }),
  complete_maintenance: async () => ({ maintenanceId: await made("create_maintenance", maintenance) }),
  create_status_report: async () => report,
  create_status_report_update: async () => ({
    statusReportId: await made("create_status_report", report),
    status: "monitoring",
    message: "Better.",
  }),
  resolve_status_report: async () => ({
    statusReportId: await made("create_status_report", report),
    message: "All is well.",
  }),
  create_status_page_announcement: async () => ({ pageId, title: "Hello", message: "News." }),
  resend_invitation: async () => {
    const invitation = { email: `${Math.random().toString(36).slice(2)}@example.com`, role: "viewer" };
    return { invitationId: (await call(beacon, beacon.keys.full, "POST /invitations", invitation)).body.id };
  },
};

describe("every tool of Beacon that can alert people", () => {
  it("is in this table", () => {
    const alerting = createCatalog(api).tools.filter(
      ({ effect, definition }) => effect !== "read" && Object.hasOwn(definition.inputSchema.properties ?? {}, "notify"),
    );
    expect(alerting.map(({ name }) => name).sort()).toEqual(Object.keys(calls).sort());
  });

  for (const [tool, prepare] of Object.entries(calls))
    it(`${tool}: notify false leaves the outbox unchanged, true adds one, and without it nothing happens`, async () => {
      for (const [notify, more] of [
        [false, 0],
        [true, 1],
      ] as const) {
        const args = await prepare();
        const before = await outbox();
        expect((await caller.call(tool, args)).error).toMatchObject({ code: "invalid_arguments" });
        const { error } = await caller.call(tool, { ...args, notify });
        expect([error, await outbox()]).toEqual([{}, before + more]);
      }
    });
});
