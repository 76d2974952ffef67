import { readFileSync } from "node:fs";
import { Ajv2020 } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { nouns } from "../../demo/model/index.ts";
import { allKinds, type Noun } from "../../demo/model/noun.ts";
import { changeable, writable } from "../../demo/schemas.ts";
import type { Beacon } from "../../demo/server.ts";
import { call, itemsOf, type Tree, testBeacon } from "./beacon.ts";

let beacon: Beacon;
beforeAll(async () => {
  beacon = await testBeacon();
});
afterAll(() => beacon.close());

const document = JSON.parse(
  readFileSync(new URL("../../openapi/beacon/openapi.json", import.meta.url), "utf8"),
) as Tree;
const ajv = new Ajv2020({ strict: false, allErrors: true });
addFormats.default(ajv);
ajv.addSchema({ ...document, $id: "beacon" });

/** Faults of an answer under the document's schema for that operation and status. */
function faultsOf(path: string, method: string, status: number, body: unknown): unknown {
  const place = ["paths", path, method, "responses", String(status), "content", "application/json", "schema"];
  const pointer = place.map((part) => encodeURIComponent(part.replaceAll("~", "~0").replaceAll("/", "~1"))).join("/");
  const validate = ajv.getSchema(`beacon#/${pointer}`);
  if (validate === undefined) throw new Error(`the document states no answer ${status} of ${method} ${path}`);
  return validate(body) ? [] : validate.errors;
}

/** The collection of a noun below the first parents that have any of it. */
async function seededPath(noun: Noun): Promise<string> {
  const [parent] = noun.parents;
  if (parent === undefined) return noun.path;
  const parentNoun = nouns.find((candidate) => candidate.name === parent.noun);
  const parents = itemsOf((await call(beacon, beacon.keys.full, `GET ${parentNoun?.path}`)).body);
  for (const { id } of parents) {
    const path = noun.path.replace(`{${parent.param}}`, String(id));
    if (itemsOf((await call(beacon, beacon.keys.full, `GET ${path}`)).body).length > 0) return path;
  }
  throw new Error(`${noun.name} has no seeded row`);
}

const seeded = nouns.filter((noun) => noun.name !== "OutboxMessage");

describe("every noun", () => {
  it.each(seeded.map((noun) => [noun.name, noun] as const))(
    "%s has seed data that the document describes",
    async (_name, noun) => {
      const list = await call(beacon, beacon.keys.full, `GET ${await seededPath(noun)}`);
      expect(list.status).toBe(200);
      expect(itemsOf(list.body).length).toBeGreaterThan(0);
      expect(faultsOf(noun.path, "get", 200, list.body)).toEqual([]);
    },
  );
});

/** What a caller would send to make another row like this one. */
function likeOf(noun: Noun, row: Tree): Record<string, unknown> {
  const fields = writable(noun).filter(([name]) => row[name] !== undefined && row[name] !== null);
  const sent = Object.fromEntries(fields.map(([name]) => [name, row[name]]));
  const secrets = writable(noun).filter(([, field]) => field.writeOnly && field.required);
  const missing = Object.fromEntries(secrets.map(([name]) => [name, "a secret value"]));
  return { ...sent, ...missing, ...(noun.alertOnCreate === undefined ? {} : { notify: false }) };
}

describe("every noun with all six kinds", () => {
  const full = seeded.filter((noun) => allKinds.every((kind) => noun.kinds.includes(kind)));

  it.each(full.map((noun) => [noun.name, noun] as const))(
    "%s is counted, created, read, updated and deleted",
    async (_name, noun) => {
      const path = await seededPath(noun);
      const key = beacon.keys.full;
      const count = async (): Promise<Tree | undefined> => (await call(beacon, key, `GET ${path}/count`)).body.count;
      const before = Number(await count());
      const [row] = itemsOf((await call(beacon, key, `GET ${path}`)).body);
      if (row === undefined) throw new Error("no row");

      const created = await call(beacon, key, `POST ${path}`, likeOf(noun, row));
      expect(created.body.error).toBeUndefined();
      expect(created.status).toBe(201);
      expect(faultsOf(noun.path, "post", 201, created.body)).toEqual([]);
      expect(await count()).toBe(before + 1);

      const one = `${path}/${created.body.id}`;
      const method = noun.update === "put" ? "PUT" : "PATCH";
      const kept = changeable(noun).filter(([name]) => created.body[name] !== undefined && created.body[name] !== null);
      const change = Object.fromEntries(kept.map(([name]) => [name, created.body[name]]));
      const secrets = changeable(noun).filter(([, field]) => field.writeOnly && field.required);
      const whole = { ...change, ...Object.fromEntries(secrets.map(([name]) => [name, "another secret"])) };
      const updated = await call(beacon, key, `${method} ${one}`, whole);
      expect(updated.status).toBe(200);
      expect(faultsOf(`${noun.path}/{${noun.idParam}}`, method.toLowerCase(), 200, updated.body)).toEqual([]);

      const read = await call(beacon, key, `GET ${one}`);
      expect(read.body).toEqual(updated.body);

      const deleted = await call(beacon, key, `DELETE ${one}`);
      const want =
        noun.remove === "flag"
          ? { status: 200, body: { deleted: true, id: created.body.id } }
          : { status: 204, body: null };
      expect({ status: deleted.status, body: deleted.body }).toEqual(want);
      expect((await call(beacon, key, `GET ${one}`)).status).toBe(404);
      expect(await count()).toBe(before);
    },
  );
});
