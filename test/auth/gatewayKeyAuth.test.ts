import { crc32 } from "node:zlib";
import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { type Authenticate, createAuthenticate } from "../../src/auth/authenticate.ts";
import { mintGatewayKey } from "../../src/auth/gatewayKey.ts";
import { createGatewayKeyAuth, type GatewayKeyAuthOptions } from "../../src/auth/gatewayKeyAuth.ts";
import { createGatewayKeys, type GatewayKeys, type KeyChange } from "../../src/auth/gatewayKeys.ts";
import { deriveKeys } from "../../src/auth/keys.ts";
import { createKeyUse } from "../../src/auth/keyUse.ts";
import { createLocalRevocations, type LocalRevocations } from "../../src/auth/revocations.ts";
import { GatewayError } from "../../src/errors.ts";
import type { KeyStore } from "../../src/storage/port.ts";
import { openStore } from "../../src/storage/store.ts";
import { createLogger } from "../../src/telemetry/log.ts";
import { Secret } from "../../src/telemetry/secret.ts";

const [first, second] = [new Secret("the first of the secrets"), new Secret("the second of the secrets")];
const ringOf = (...secrets: readonly Secret[]): GatewayKeyAuthOptions["ring"] => ({
  peppers: deriveKeys(secrets, "pepper"),
  seals: deriveKeys(secrets, "credential"),
});
const admin = { id: "admin" };
const wanted = { name: "CI", user: { id: "u1" }, organisation: { id: "o1" }, scopes: ["mcp.read"] };

let store: KeyStore;
let revocations: LocalRevocations;
let keys: GatewayKeys;
let changes: KeyChange[];
let now: number;
/** Looks into the store. */
let looks: number;
let isAway: boolean;

const watched = (inner: KeyStore): KeyStore => ({
  ...inner,
  byId: (id) => {
    looks += 1;
    if (isAway) return Promise.reject(new GatewayError("store_unavailable", "the database is unavailable"));
    return inner.byId(id);
  },
});

beforeEach(() => {
  const opened = openStore(new Secret("sqlite::memory:"), { logger: createLogger("silent") });
  onTestFinished(() => opened.close());
  [looks, isAway, now, changes] = [0, false, Date.UTC(2026, 6, 1), []];
  store = watched(opened.keys);
  revocations = createLocalRevocations();
  keys = managing(first);
});

function managing(...secrets: readonly Secret[]): GatewayKeys {
  return createGatewayKeys({
    prefix: "sg",
    ring: ringOf(...secrets),
    store,
    revocations,
    onChange: (change) => changes.push(change),
    now: () => now,
  });
}

function knowing(more: Partial<GatewayKeyAuthOptions> = {}, passThrough = true): Authenticate {
  const options = { prefix: "sg", ring: ringOf(first), store, revocations, now: () => now, ...more };
  return createAuthenticate({
    headers: ["x-api-key", "authorization"],
    required: true,
    keys: deriveKeys([first], "principal"),
    gatewayKeys: createGatewayKeyAuth(options),
    passThrough,
  });
}

/** CRC-32 in base 62, as the documentation has it. */
function checksumOf(text: string): string {
  const digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
  return [5, 4, 3, 2, 1, 0].map((place) => digits[Math.floor(crc32(text) / 62 ** place) % 62]).join("");
}

const raw = (key: string | Secret): string[] => ["x-api-key", typeof key === "string" ? key : key.reveal()];
const refusal =
  "the key is not valid: it is mistyped or cut off, was revoked, has expired, or belongs to another environment";
const codeOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => "fine",
    (thrown: unknown) => GatewayError.from(thrown).code,
  );

describe("a gateway key", () => {
  it("stands for its user, organisation, scopes and bounds, and brings its own upstream credential", async () => {
    const boundArguments = { pageId: { fixed: "7" } };
    const { key, view } = await keys.create(
      { ...wanted, boundArguments, upstreamCredential: new Secret("bk_up") },
      admin,
    );
    const principal = await knowing()(raw(key));
    const { credential, ...rest } = principal;
    expect(rest).toEqual({
      kind: "key",
      id: view.id,
      user: { id: "u1" },
      organisation: { id: "o1" },
      scopes: ["mcp.read"],
      boundArguments,
    });
    expect(credential?.reveal()).toBe("bk_up");
    expect((await knowing()(raw((await keys.create(wanted, admin)).key))).credential).toBeUndefined();
  });

  it("stands beside pass-through keys, which can be switched off", async () => {
    const { key } = await keys.create(wanted, admin);
    expect((await knowing()(raw("bk_api"))).kind).toBe("passthrough");
    expect((await knowing({}, false)(raw(key))).kind).toBe("key");
    await expect(knowing({}, false)(raw("bk_api"))).rejects.toThrow(refusal);
  });

  it("is refused in one text whatever is wrong with it, and without the store where its checksum says so", async () => {
    const { key, view } = await keys.create({ ...wanted, expiresAt: "2026-08-01T00:00:00Z" }, admin);
    const text = key.reveal();
    const unasked = [
      text.slice(0, 40),
      text.slice(0, 9),
      `${text}x`,
      text.replace("sg_", "sx_"),
      mintGatewayKey("os").text,
    ];
    for (const bad of unasked) await expect(knowing()(raw(bad))).rejects.toThrow(refusal);
    const before = looks;
    await expect(knowing()(raw(text.slice(0, 40)))).rejects.toThrow(refusal);
    expect(looks).toBe(before);
    await expect(knowing()(raw(mintGatewayKey("sg").text))).rejects.toThrow(refusal);
    await expect(knowing({ ring: ringOf(second) })(raw(key))).rejects.toThrow(refusal);
    now = Date.UTC(2026, 7, 1);
    await expect(knowing()(raw(key))).rejects.toThrow(refusal);
    now = Date.UTC(2026, 6, 1);
    await keys.revoke(view.id, admin);
    await expect(knowing()(raw(key))).rejects.toThrow(refusal);
  });

  it("with another's secret is refused, also while the other is remembered", async () => {
    const [one, two] = [await keys.create(wanted, admin), await keys.create(wanted, admin)];
    const authenticate = knowing();
    await authenticate(raw(one.key));
    const body = two.key.reveal().slice(0, -6).replace(one.view.id, two.view.id);
    const forged = body.replace(body.slice(16), mintGatewayKey("sg").text.reveal().slice(16, -6));
    expect(forged.startsWith(`sg_${two.view.id}_`)).toBe(true);
    expect(await codeOf(authenticate(raw(forged + checksumOf(forged))))).toBe("unauthenticated");
    expect(await codeOf(authenticate(raw(body + checksumOf(body))))).toBe("fine");
    expect((await authenticate(raw(two.key))).id).toBe(two.view.id);
  });

  it("that was revoked is forgotten at once, also by who was reading it at that moment", async () => {
    const { key, view } = await keys.create(wanted, admin);
    const authenticate = knowing();
    await authenticate(raw(key));
    await keys.revoke(view.id, admin);
    expect(await codeOf(authenticate(raw(key)))).toBe("unauthenticated");

    const other = await keys.create(wanted, admin);
    const reading = authenticate(raw(other.key));
    revocations.tell(other.view.id);
    await reading;
    await store.revoke(other.view.id, new Date(now).toISOString());
    expect(await codeOf(authenticate(raw(other.key)))).toBe("unauthenticated");
  });

  it("is looked at once in 5 s however many ask, and believed as long while the database is away", async () => {
    const { key } = await keys.create(wanted, admin);
    const authenticate = knowing();
    await Promise.all(Array.from({ length: 20 }, () => authenticate(raw(key))));
    now += 4_999;
    await authenticate(raw(key));
    expect(looks).toBe(1);
    isAway = true;
    expect(await codeOf(authenticate(raw(key)))).toBe("fine");
    now += 1;
    expect(await codeOf(authenticate(raw(key)))).toBe("store_unavailable");
    expect(await codeOf(knowing()(raw(key)))).toBe("store_unavailable");
    expect(await codeOf(authenticate(raw("bk_api")))).toBe("fine");
    isAway = false;
    expect(await codeOf(authenticate(raw(key)))).toBe("fine");
  });

  it("is believed while the database is away also where it is looked at more often", async () => {
    const { key } = await keys.create(wanted, admin);
    const authenticate = knowing({ freshMs: 500 });
    await authenticate(raw(key));
    isAway = true;
    now += 4_000;
    expect(await codeOf(authenticate(raw(key)))).toBe("fine");
  });

  it("ends at its moment, and not when it is looked at next", async () => {
    const { key } = await keys.create({ ...wanted, expiresAt: "2026-07-01T00:00:02Z" }, admin);
    const authenticate = knowing();
    now += 1_999;
    await authenticate(raw(key));
    now += 1;
    expect(await codeOf(authenticate(raw(key)))).toBe("unauthenticated");
    isAway = true;
    expect(await codeOf(authenticate(raw(key)))).toBe("store_unavailable");
  });

  it("outlives a rotation of secrets, and its credential is encrypted anew on first use", async () => {
    const { key, view } = await keys.create({ ...wanted, upstreamCredential: new Secret("bk_up") }, admin);
    const before = (await store.byId(view.id))?.upstreamCredential;
    const rotated = knowing({ ring: ringOf(second, first) });
    expect((await rotated(raw(key))).credential?.reveal()).toBe("bk_up");
    const after = (await store.byId(view.id))?.upstreamCredential;
    expect(after).not.toBe(before);
    expect((await knowing({ ring: ringOf(second, first) })(raw(key))).credential?.reveal()).toBe("bk_up");
    expect((await store.byId(view.id))?.upstreamCredential).toBe(after);
  });

  it("that was used since then is good without the older secret, and another is not", async () => {
    const [used, unused] = [await keys.create(wanted, admin), await keys.create(wanted, admin)];
    const alone = (): Authenticate => knowing({ ring: ringOf(second) });
    expect(await codeOf(alone()(raw(used.key)))).toBe("unauthenticated");
    for (const _ of ["hashed anew", "as it is"]) await knowing({ ring: ringOf(second, first) })(raw(used.key));
    await expect.poll(async () => codeOf(alone()(raw(used.key)))).toBe("fine");
    expect(await codeOf(alone()(raw(unused.key)))).toBe("unauthenticated");
    expect(await codeOf(knowing({ ring: ringOf(first) })(raw(used.key)))).toBe("unauthenticated");
  });

  it("that is not good is not hashed anew", async () => {
    const { key, view } = await keys.create(wanted, admin);
    await keys.revoke(view.id, admin);
    const before = await store.byId(view.id);
    const end = before?.hash.at(-1) === "A" ? "B" : "A";
    const wrong = new Secret(`${key.reveal().slice(0, 58)}${end}${key.reveal().slice(59)}`);
    for (const given of [key, wrong])
      expect(await codeOf(knowing({ ring: ringOf(second, first) })(raw(given)))).toBe("unauthenticated");
    expect(await store.byId(view.id)).toEqual(before);
  });

  it("whose credential cannot be read is not served with another", async () => {
    const { key } = await keys.create({ ...wanted, upstreamCredential: new Secret("bk_up") }, admin);
    const half = { peppers: ringOf(first).peppers, seals: ringOf(second).seals };
    expect(await codeOf(knowing({ ring: half })(raw(key)))).toBe("internal");
  });
});

describe("the keys of a gateway", () => {
  it("are rotated with an overlap in which both are good", async () => {
    const old = await keys.create(
      { ...wanted, upstreamCredential: new Secret("bk_up"), expiresAt: "2026-07-31T00:00:00Z" },
      admin,
    );
    now += 86_400_000;
    const fresh = await keys.rotate(old.view.id, { overlapSeconds: 3_600 }, admin);
    const { id, status, scopes, user, expiresAt } = fresh.view;
    expect([status, scopes, user, expiresAt]).toEqual([
      "active",
      ["mcp.read"],
      { id: "u1" },
      "2026-08-01T00:00:00.000Z",
    ]);
    expect(await keys.get(old.view.id, admin)).toMatchObject({ status: "rotated", rotatedTo: id });
    for (const { key } of [old, fresh]) expect((await knowing()(raw(key))).credential?.reveal()).toBe("bk_up");
    now += 3_600_000;
    expect(await codeOf(knowing()(raw(old.key)))).toBe("unauthenticated");
    expect(await codeOf(knowing()(raw(fresh.key)))).toBe("fine");
    const again = await keys.rotate(old.view.id, {}, admin).catch((thrown: unknown) => GatewayError.from(thrown));
    expect(again).toMatchObject({ code: "invalid_arguments", facts: { status: 409 } });
    expect(changes.map(({ type, successorId }) => [type, successorId])).toEqual([
      ["created", undefined],
      ["rotated", id],
    ]);
  });

  it("are ended at once by a rotation without overlap, also where they are remembered", async () => {
    const { key, view } = await keys.create(wanted, admin);
    const authenticate = knowing();
    await authenticate(raw(key));
    await keys.rotate(view.id, { overlapSeconds: 0 }, admin);
    expect(await codeOf(authenticate(raw(key)))).toBe("unauthenticated");
  });

  it("are shown to a manager of one organisation where they are of it, and answer like missing ones elsewhere", async () => {
    const manager = { id: "k", organisation: "o1" };
    const [own, other] = [
      await keys.create(wanted, admin),
      await keys.create({ ...wanted, organisation: { id: "o2" } }, admin),
    ];
    expect((await keys.list({}, manager)).items.map(({ id }) => id)).toEqual([own.view.id]);
    expect((await keys.list({ organisation: "o2" }, manager)).items).toEqual([]);
    for (const id of [other.view.id, "nothing"])
      for (const work of [keys.get(id, manager), keys.revoke(id, manager), keys.rotate(id, {}, manager)])
        await expect(work).rejects.toMatchObject({ code: "unknown_resource", message: `there is no key "${id}"` });
    expect(await codeOf(keys.create({ ...wanted, organisation: { id: "o2" } }, manager))).toBe("not_permitted");
    expect(await codeOf(keys.create({ ...wanted, scopes: ["admin.keys"] }, manager))).toBe("not_permitted");
    expect(await codeOf(knowing()(raw(other.key)))).toBe("fine");
  });

  it("tell when they were used last and what was called, by hour, once it is written down", async () => {
    const { key, view } = await keys.create(wanted, admin);
    const use = createKeyUse({ store, now: () => now });
    onTestFinished(() => use.close());
    const authenticate = knowing({ used: use.used });
    await authenticate(raw(key));
    for (const effect of ["read", "read", "write"] as const) use.called(view.id, effect);
    now += 25 * 3_600_000;
    use.called(view.id, "destroy");
    expect(await keys.get(view.id, admin)).toMatchObject({ lastUsedAt: null });
    await use.flush();
    expect(await keys.get(view.id, admin)).toMatchObject({
      lastUsedAt: "2026-07-01T00:00:00.000Z",
      calls: { last24Hours: { read: 0, write: 0, destroy: 1 }, last30Days: { read: 2, write: 1, destroy: 1 } },
    });
    await use.flush();
    expect((await keys.get(view.id, admin)).calls.last30Days).toEqual({ read: 2, write: 1, destroy: 1 });
  });

  it("lose no count while the database is away", async () => {
    const { view } = await keys.create(wanted, admin);
    let away = true;
    const gone = (): Promise<void> => Promise.reject(new GatewayError("store_unavailable", "away"));
    const use = createKeyUse({
      store: {
        ...store,
        addUsage: (batch) => (away ? gone() : store.addUsage(batch)),
        touchUsed: (batch) => (away ? gone() : store.touchUsed(batch)),
      },
      now: () => now,
    });
    onTestFinished(() => use.close());
    use.called(view.id, "read");
    use.used(view.id);
    await use.flush();
    use.called(view.id, "read");
    away = false;
    await use.flush();
    expect(await keys.get(view.id, admin)).toMatchObject({
      lastUsedAt: new Date(now).toISOString(),
      calls: { last24Hours: { read: 2 } },
    });
  });
});
