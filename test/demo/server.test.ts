import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Beacon, startBeacon } from "../../demo/server.ts";
import { type Answered, call, itemsOf, testBeacon } from "./beacon.ts";

let beacon: Beacon;
beforeEach(async () => {
  beacon = await testBeacon();
});
afterEach(() => beacon.close());

const by = (key: string, request: string, body?: unknown): Promise<Answered> => call(beacon, key, request, body);
const full = (request: string, body?: unknown): Promise<Answered> => by(beacon.keys.full, request, body);
const alerts = async (): Promise<number> => Number((await full("GET /outbox/count")).body.count);

const incident = { title: "Database outage", severity: "critical", pageId: "page_acme_api" };

describe("a key", () => {
  it.each([
    ["is missing", {}],
    ["is unknown", { "x-api-key": "bk_nobody" }],
    ["is not a bearer token", { authorization: "Basic YTpi" }],
  ] as readonly (readonly [string, Record<string, string>])[])("that %s is 401", async (_how, headers) => {
    const response = await fetch(`${beacon.url}/me`, { headers });
    expect(response.status).toBe(401);
    expect(await response.json()).toMatchObject({ error: { code: "unauthenticated" } });
  });

  it.each(["Bearer", "bearer"])("is taken as %s too", async (scheme) => {
    const response = await fetch(`${beacon.url}/me`, {
      headers: { authorization: `${scheme} ${beacon.keys.readOnly}` },
    });
    expect(response.status).toBe(200);
  });

  it("is not needed for health", async () => {
    expect((await fetch(`${beacon.url}/health`)).status).toBe(200);
  });

  it("stands for a user, an organisation and scopes", async () => {
    expect((await by(beacon.keys.readWrite, "GET /me")).body).toMatchObject({
      user: { id: "usr_ada", name: "Ada Lindqvist", role: "admin" },
      organisation: { id: "org_acme", name: "Acme Cloud" },
      key: { id: "key_acme_write", scopes: ["read", "write"] },
    });
  });

  it("has no more scopes than the person's role", async () => {
    expect((await by(beacon.keys.users.viewer, "GET /me")).body.key?.scopes).toEqual(["read"]);
    expect((await by(beacon.keys.users.member, "GET /me")).body.key?.scopes).toEqual(["read", "write"]);
    expect((await by(beacon.keys.users.admin, "GET /me")).body.key?.scopes).toEqual(["read", "write", "delete"]);
  });

  it.each([
    ["readOnly", "POST /incidents", "write"],
    ["readOnly", "PATCH /monitors/mon_acme_api", "write"],
    ["readOnly", "POST /incidents/inc_acme_payments/acknowledge", "write"],
    ["readOnly", "DELETE /monitors/mon_acme_api", "delete"],
    ["readWrite", "DELETE /monitors/mon_acme_api", "delete"],
  ] as const)("%s is 403 for %s", async (key, request, scope) => {
    const answer = await by(beacon.keys[key], request, request.startsWith("DELETE") ? undefined : {});
    expect(answer.status).toBe(403);
    expect(String(answer.body.error?.message)).toContain(`scope ${scope}`);
    expect((await full("GET /monitors/mon_acme_api")).body.rev).toBe(1);
  });

  it("of a viewer does not see pending actions, one of a responder does, and neither makes keys", async () => {
    expect((await by(beacon.keys.users.viewer, "GET /beat-actions")).status).toBe(403);
    expect((await by(beacon.keys.users.member, "GET /beat-actions")).status).toBe(200);
    expect((await by(beacon.keys.users.member, "POST /api-keys", { name: "mine", scopes: ["read"] })).status).toBe(403);
  });

  it("works from its creation until it is deleted", async () => {
    const created = await full("POST /api-keys", { name: "CI", scopes: ["read"] });
    const key = String(created.body.key);
    expect((await by(key, "GET /me")).body).toMatchObject({ key: { name: "CI", scopes: ["read"] } });
    expect(JSON.stringify((await full(`GET /api-keys/${created.body.id}`)).body)).not.toContain(key);
    await full(`DELETE /api-keys/${created.body.id}`);
    expect((await by(key, "GET /me")).status).toBe(401);
  });

  it("works no longer once it is rotated or over", async () => {
    const created = await full("POST /api-keys", { name: "CI", scopes: ["read"] });
    const rotated = await full(`POST /api-keys/${created.body.id}/rotate`);
    expect((await by(String(created.body.key), "GET /me")).status).toBe(401);
    expect((await by(String(rotated.body.key), "GET /me")).status).toBe(200);
    const over = await full("POST /api-keys", { name: "Old", scopes: ["read"], expiresAt: "2026-01-01T00:00:00Z" });
    expect((await by(String(over.body.key), "GET /me")).status).toBe(401);
  });

  it("makes none with scopes it lacks itself", async () => {
    const answer = await by(beacon.keys.readWrite, "POST /api-keys", { name: "more", scopes: ["delete"] });
    expect(answer.status).toBe(403);
  });
});

describe("organisations", () => {
  it("see nothing of each other", async () => {
    const other = beacon.keys.other.full;
    for (const request of [
      "GET /monitors/mon_acme_api",
      "DELETE /monitors/mon_acme_api",
      "GET /status-pages/page_acme_api/summary",
    ]) {
      expect((await by(other, request)).status).toBe(404);
    }
    expect((await by(other, "PATCH /monitors/mon_acme_api", { name: "mine" })).status).toBe(404);
    expect((await by(other, "POST /incidents", { ...incident, notify: true })).status).toBe(404);
    for (const item of itemsOf((await by(other, "GET /incidents?limit=200")).body))
      expect(item.organisationId).toBe("org_globex");
    expect((await by(other, "GET /me")).body.organisation).toMatchObject({ id: "org_globex", name: "Globex" });
    expect((await full("GET /monitors/mon_acme_api")).status).toBe(200);
  });

  it("have two pages each, and three people in all", async () => {
    for (const key of [beacon.keys.full, beacon.keys.other.full]) {
      expect((await by(key, "GET /status-pages")).body.meta?.total).toBe(2);
    }
    expect((await full("GET /users")).body.total).toBe(3);
    expect((await by(beacon.keys.other.full, "GET /users")).body.total).toBe(2);
  });
});

describe("notify", () => {
  const creates = [
    ["POST /incidents", incident, "incident.created"],
    ["POST /incidents/inc_acme_payments/updates", { status: "identified", message: "Found it" }, "incident.updated"],
    [
      "POST /status-reports",
      { title: "Latency", status: "investigating", message: "Looking", pageId: "page_acme_api" },
      "status_report.created",
    ],
    [
      "POST /status-reports/rep_acme_payments/updates",
      { status: "monitoring", message: "Watching" },
      "status_report.updated",
    ],
    ["POST /status-reports/rep_acme_payments/resolve", { message: "Over" }, "status_report.resolved"],
    ["POST /status-pages/page_acme_api/announcements", { title: "News", message: "Text" }, "announcement.created"],
    [
      "POST /maintenances",
      {
        title: "Work",
        message: "Text",
        pageId: "page_acme_api",
        from: "2026-03-14T02:00:00Z",
        to: "2026-03-14T04:00:00Z",
      },
      "maintenance.scheduled",
    ],
    ["POST /maintenances/mnt_acme_network/updates", { message: "Half done" }, "maintenance.updated"],
    ["POST /maintenances/mnt_acme_network/complete", {}, "maintenance.completed"],
    ["POST /maintenances/mnt_acme_database/cancel", { reason: "Not now" }, "maintenance.cancelled"],
    ["POST /incidents/inc_acme_payments/resolve", {}, "incident.resolved"],
    ["POST /incidents/inc_acme_images/reopen", {}, "incident.reopened"],
  ] as const;

  it.each(creates)("must be sent with %s", async (request, body) => {
    const answer = await full(request, body);
    expect(answer.status).toBe(400);
    expect(answer.body.error?.message).toContain("notify is required");
    expect(await alerts()).toBe(0);
  });

  it.each(creates)("false with %s alerts nobody", async (request, body) => {
    expect((await full(request, { ...body, notify: false })).status).toBeLessThan(300);
    expect(await alerts()).toBe(0);
  });

  it.each(creates)("true with %s alerts once", async (request, body, kind) => {
    expect((await full(request, { ...body, notify: true })).status).toBeLessThan(300);
    const sent = itemsOf((await full("GET /outbox")).body);
    const [pageId, recipients] = request.includes("images") ? ["page_acme_main", 2] : ["page_acme_api", 3];
    expect(sent).toMatchObject([{ kind, pageId, recipients }]);
    expect(sent).toHaveLength(1);
  });

  it("is true by default for alerts, which page whoever is on call", async () => {
    await full("POST /alerts", { title: "Disk full", notify: false });
    expect(await alerts()).toBe(0);
    await full("POST /alerts", { title: "Disk full" });
    expect(itemsOf((await full("GET /outbox")).body)).toMatchObject([{ kind: "alert.created", recipients: 1 }]);
  });
});

describe("actions", () => {
  it("acknowledge, resolve and reopen an incident, each only in its time", async () => {
    const { body } = await full("POST /incidents", { ...incident, notify: false });
    const act = (verb: string, sent?: unknown): Promise<Answered> => full(`POST /incidents/${body.id}/${verb}`, sent);
    expect((await act("acknowledge")).body).toMatchObject({
      acknowledgedById: "usr_ada",
      acknowledgedAt: expect.any(String),
      state: "active",
    });
    expect((await act("reopen", { notify: false })).status).toBe(409);
    expect((await act("resolve", { message: "Fixed", notify: false })).body).toMatchObject({
      status: "resolved",
      state: "resolved",
      resolvedAt: expect.any(String),
    });
    const again = await act("resolve", { notify: true });
    expect(again.status).toBe(409);
    expect(again.body.error).toMatchObject({ code: "conflict", message: expect.stringContaining("state is resolved") });
    expect((await act("reopen", { message: "It is back", notify: false })).body).toMatchObject({
      status: "investigating",
      resolvedAt: null,
    });
    const updates = itemsOf((await full(`GET /incidents/${body.id}/updates?order=asc`)).body);
    expect(updates).toMatchObject([
      { status: "resolved", message: "Fixed" },
      { status: "investigating", message: "It is back" },
    ]);
    expect(await alerts()).toBe(0);
  });

  it("complete and cancel a maintenance", async () => {
    expect((await full("POST /maintenances/mnt_acme_network/complete", { notify: false })).body.state).toBe(
      "completed",
    );
    expect((await full("POST /maintenances/mnt_acme_network/cancel", { notify: false })).status).toBe(409);
    expect(
      (await full("POST /maintenances/mnt_acme_database/cancel", { reason: "Later", notify: false })).body,
    ).toMatchObject({ state: "cancelled", cancelReason: "Later" });
  });

  it("run a beat, which leaves an event", async () => {
    const before = itemsOf((await full("GET /beats/beat_acme_signin/events")).body).length;
    const run = await full("POST /beats/beat_acme_signin/run", { reason: "After the fix" });
    expect(Date.parse(String(run.body.lastRunAt))).toBeGreaterThanOrEqual(Date.parse("2026-03-10T12:00:00Z"));
    const events = itemsOf((await full("GET /beats/beat_acme_signin/events")).body);
    expect(events.length).toBe(before + 1);
    expect(events[0]).toMatchObject({ type: "manual_run", outcome: "passed", message: "After the fix" });
    await full("POST /beats/beat_acme_checkout/run");
    expect(itemsOf((await full("GET /beats/beat_acme_checkout/events")).body)[0]).toMatchObject({ outcome: "failed" });
  });

  it("approve a pending action, which carries it out, and reject another, once each", async () => {
    const before = Number((await full("GET /incidents/count")).body.count);
    expect((await full("POST /beat-actions/bac_acme_incident/approve", { note: "Yes" })).body).toMatchObject({
      state: "approved",
      decidedById: "usr_ada",
      decisionNote: "Yes",
    });
    expect((await full("GET /incidents/count")).body.count).toBe(before + 1);
    expect(itemsOf((await full("GET /incidents?q=Card%20payments%20time%20out")).body)).toMatchObject([
      { severity: "major", pageId: "page_acme_api" },
    ]);
    expect((await full("POST /beat-actions/bac_acme_incident/reject")).status).toBe(409);
    expect((await full("POST /beat-actions/bac_acme_component/reject")).body.state).toBe("rejected");
    expect((await full("GET /beat-actions/count?state=pending")).body.count).toBe(0);
  });

  it("resolve several incidents at once, and say which could not be", async () => {
    const answer = await full("POST /incidents/bulk-resolve", {
      ids: ["inc_acme_payments", "inc_acme_images", "inc_globex_payments"],
      notify: true,
    });
    expect(answer.body).toMatchObject({
      results: [
        { id: "inc_acme_payments", done: true, error: null },
        { id: "inc_acme_images", done: false, error: expect.stringContaining("resolved") },
        { id: "inc_globex_payments", done: false, error: "there is no Incident inc_globex_payments" },
      ],
    });
    expect(await alerts()).toBe(1);
  });

  it("create several events or none", async () => {
    const event = { kind: "deployment", environment: "staging", title: "Deployed" };
    const before = (await full("GET /events/count")).body.count;
    expect((await full("POST /events/batch", { events: [event, { ...event, serviceId: "srv_nowhere" }] })).status).toBe(
      404,
    );
    expect((await full("GET /events/count")).body.count).toBe(before);
    expect(
      itemsOf({ items: (await full("POST /events/batch", { events: [event, event] })).body.created ?? {} }).length,
    ).toBe(2);
  });

  it("take a verb after a colon", async () => {
    expect((await full("POST /log-pipelines/lpl_acme_1:reindex")).body).toMatchObject({
      id: "lpl_acme_1",
      enabled: true,
    });
  });
});

describe("a write", () => {
  it.each([
    ["an unknown field", { ...incident, notify: false, colour: "red" }, "/colour"],
    ["a wrong type", { ...incident, notify: "no" }, "/notify"],
    ["an unknown choice", { ...incident, severity: "dire", notify: false }, "/severity"],
    ["a missing field", { title: "x", notify: false, pageId: "page_acme_api" }, "/severity"],
    ["a text that is too short", { ...incident, title: "", notify: false }, "/title"],
    ["a server field", { ...incident, number: 7, notify: false }, "/number"],
    [
      "a fault in a nested object",
      { ...incident, notify: false, impact: { affectedCustomers: -1 } },
      "/impact/affectedCustomers",
    ],
    ["a fault in a list", { ...incident, notify: false, links: [{ title: "x", url: "nowhere" }] }, "/links/0/url"],
    ["null where it must not be", { ...incident, title: null, notify: false }, "/title"],
    ["no object at all", [], ""],
  ])("with %s is 400 and says where", async (_what, body, path) => {
    const answer = await full("POST /incidents", body);
    expect(answer.status).toBe(400);
    expect(answer.body.error).toMatchObject({
      code: "invalid_request",
      details: expect.arrayContaining([expect.objectContaining({ path })]),
    });
    expect((await full("GET /incidents/count")).body.count).toBe(26);
  });

  it.each([
    ["not JSON", "application/json", "{", 400],
    ["empty", "application/json", "", 400],
    ["another type", "text/plain", "{}", 415],
    ["too large", "application/json", `"${"x".repeat(1_000_001)}"`, 413],
  ])("whose body is %s is refused", async (_what, type, body, status) => {
    const headers = { "x-api-key": beacon.keys.full, "content-type": type };
    const response = await fetch(`${beacon.url}/incidents`, { method: "POST", headers, body });
    expect(response.status).toBe(status);
  });

  it("to a path that does not take it is 405, to no path 404", async () => {
    expect((await full("DELETE /incidents")).status).toBe(405);
    expect((await full("GET /nothing")).status).toBe(404);
    expect((await full("GET /incidents/%E0%A4%A")).status).toBe(404);
  });

  it("by PATCH leaves other fields alone, by PUT empties them, and counts revisions", async () => {
    const patched = await full("PATCH /services/srv_acme_payments", { description: "Takes money" });
    expect(patched.body).toMatchObject({ description: "Takes money", tier: "1", teamId: "team_acme_payments", rev: 2 });
    const put = await full("PUT /services/srv_acme_payments", { name: "Payments", slug: "payments" });
    expect(put.body).toMatchObject({ description: null, tier: "2", teamId: null, rev: 3 });
    expect((await full("PUT /services/srv_acme_payments", { name: "Payments" })).status).toBe(400);
  });

  it("never shows a secret", async () => {
    const created = await full("POST /monitor-secrets", { name: "TOKEN", value: "do-not-show-me" });
    expect(created.status).toBe(201);
    expect(JSON.stringify((await full(`GET /monitor-secrets/${created.body.id}`)).body)).not.toContain(
      "do-not-show-me",
    );
  });

  it("keeps a maintenance's end after its start, on create and on update", async () => {
    const times = { from: "2026-03-14T04:00:00Z", to: "2026-03-14T02:00:00Z" };
    const answer = await full("POST /maintenances", {
      title: "Work",
      message: "x",
      pageId: "page_acme_api",
      notify: false,
      ...times,
    });
    expect(answer.body.error).toMatchObject({ message: "to must be after from" });
    expect((await full("PATCH /maintenances/mnt_acme_database", { to: "2026-03-01T00:00:00Z" })).status).toBe(400);
  });

  it("of a component changes the page's status", async () => {
    await full("PATCH /status-pages/page_acme_main/components/cmp_acme_orders", { status: "major_outage" });
    expect((await full("GET /status-pages/page_acme_main")).body.status).toBe("major_outage");
    await full("DELETE /status-pages/page_acme_main/components/cmp_acme_orders");
    expect((await full("GET /status-pages/page_acme_main")).body.status).toBe("operational");
  });

  it("stays below its parent", async () => {
    expect((await full("GET /status-pages/page_acme_main/components/cmp_acme_payments")).status).toBe(404);
    expect((await full("POST /incidents/inc_none/notes", { note: "x" })).status).toBe(404);
  });
});

describe("singletons", () => {
  it("are read and changed without an id", async () => {
    expect((await full("PATCH /organisation/settings", { language: "de" })).body).toMatchObject({
      language: "de",
      timezone: "UTC",
    });
    expect((await full("GET /organisation/settings")).body.language).toBe("de");
    expect((await by(beacon.keys.other.full, "GET /organisation/settings")).body.language).toBe("en");
    await full("PUT /status-pages/page_acme_api/branding", { colour: "#000000" });
    expect((await full("GET /status-pages/page_acme_api/branding")).body.colour).toBe("#000000");
  });
});

describe("the request log", () => {
  it("holds method, address, body and status, and no key", async () => {
    await by(beacon.keys.readOnly, "POST /incidents?x=1", { title: "refused" });
    expect(beacon.requestCount()).toBe(1);
    expect(beacon.requests).toMatchObject([
      { method: "POST", url: "/incidents?x=1", body: '{"title":"refused"}', status: 403 },
    ]);
    expect(JSON.stringify(beacon.requests)).not.toContain(beacon.keys.readOnly);
    await fetch(`${beacon.url}/me`, { headers: { authorization: `Bearer ${beacon.keys.full}` } });
    expect(JSON.stringify(beacon.requests)).not.toContain(beacon.keys.full);
  });
});

describe("time", () => {
  it("begins and ends maintenances, and pauses their monitors meanwhile", async () => {
    const folder = mkdtempSync(join(tmpdir(), "beacon-"));
    const dataFile = join(folder, "beacon.db");
    const at = async (time: string): Promise<readonly unknown[]> => {
      const later = await startBeacon({ dataFile, now: new Date(time) });
      const { body: work } = await call(later, later.keys.full, "GET /maintenances/mnt_acme_database");
      const { body: monitor } = await call(later, later.keys.full, "GET /monitors/mon_acme_database");
      await later.close();
      return [work.state, monitor.status];
    };
    expect(await at("2026-03-10T12:00:00Z")).toEqual(["scheduled", "operational"]);
    expect(await at("2026-03-13T12:30:00Z")).toEqual(["active", "paused"]);
    expect(await at("2026-03-13T14:30:00Z")).toEqual(["completed", "pending"]);
    rmSync(folder, { recursive: true });
  });
});

describe("a port that is taken", () => {
  it("is an error, not a crash", async () => {
    await expect(testBeacon({ port: beacon.port })).rejects.toThrow("EADDRINUSE");
  });
});

describe("a data file", () => {
  it("keeps everything over a restart, deleted seed rows and keys included", async () => {
    const folder = mkdtempSync(join(tmpdir(), "beacon-"));
    const dataFile = join(folder, "beacon.db");
    const first = await testBeacon({ dataFile });
    const created = await call(first, first.keys.full, "POST /incidents", { ...incident, notify: true });
    await call(first, first.keys.full, "DELETE /monitors/mon_acme_staging");
    const key = await call(first, first.keys.full, "POST /api-keys", { name: "kept", scopes: ["read"] });
    await first.close();
    const second = await testBeacon({ dataFile });
    const read = (path: string): Promise<Answered> => call(second, String(key.body.key), `GET ${path}`);
    expect((await read(`/incidents/${created.body.id}`)).body).toEqual(created.body);
    expect((await read("/monitors/mon_acme_staging")).status).toBe(404);
    expect((await read("/outbox/count")).body.count).toBe(1);
    const next = await call(second, second.keys.full, "POST /incidents", { ...incident, notify: false });
    expect(next.body.number).toBe(Number(created.body.number) + 1);
    await second.close();
    rmSync(folder, { recursive: true });
  });
});

describe("the seed", () => {
  it("is the same for the same time", async () => {
    const other = await testBeacon();
    for (const path of [
      "/incidents?limit=200",
      "/monitors",
      "/metrics/met_acme_error_rate/points?limit=1000",
      "/labels",
      "/webhooks",
    ]) {
      expect((await call(other, other.keys.full, `GET ${path}`)).body).toEqual((await full(`GET ${path}`)).body);
    }
    await other.close();
  });

  it.each(["2026-03-10T00:00:00Z", "2026-03-10T00:20:00Z", "2026-03-10T23:59:00Z"])(
    "at %s still has a deployment of that day",
    async (time) => {
      const other = await startBeacon({ now: new Date(time) });
      const { body } = await call(
        other,
        other.keys.readOnly,
        "GET /events?kind=deployment&occurredAfter=2026-03-10T00:00:00Z",
      );
      expect(itemsOf(body).map((event) => event.id)).toContain("evt_acme_payments");
      await other.close();
    },
  );

  it("is in place soon", async () => {
    const before = performance.now();
    const other = await testBeacon();
    expect(performance.now() - before).toBeLessThan(1_500);
    await other.close();
  });
});
