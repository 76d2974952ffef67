import { type Beacon, type BeaconOptions, startBeacon } from "../../demo/server.ts";

/** An answer of Beacon. */
export interface Answered {
  readonly status: number;
  readonly headers: Headers;
  // Tests look into answers freely and assert on what they find.
  readonly body: Tree;
}

/** A JSON value to look into: a missing branch is undefined, not an error. */
export interface Tree {
  readonly [key: string]: Tree;
}

/** The time tests are stable under. */
export const testNow: Date = new Date("2026-03-10T12:00:00.000Z");

/** A Beacon on a free port with the seed of {@link testNow}. */
export function testBeacon(options: BeaconOptions = {}): Promise<Beacon> {
  return startBeacon({ now: testNow, ...options });
}

/** Sends one request with a key; a body is sent as JSON. */
export async function call(beacon: Beacon, key: string, request: string, body?: unknown): Promise<Answered> {
  const [method = "GET", path = "/"] = request.split(" ");
  const response = await fetch(new URL(path, beacon.url), {
    method,
    headers: { "x-api-key": key, ...(body === undefined ? {} : { "content-type": "application/json" }) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return {
    status: response.status,
    headers: response.headers,
    body: text === "" ? tree(null) : tree(JSON.parse(text)),
  };
}

/** The items of a list's answer, whatever its envelope. */
export function itemsOf(body: Tree): readonly Tree[] {
  const items = Array.isArray(body) ? body : (body.items ?? body.data);
  if (!Array.isArray(items)) throw new Error(`no list in ${JSON.stringify(body).slice(0, 200)}`);
  return items as readonly Tree[];
}

/** JSON is a tree; what a test expects of it, it asserts. */
function tree(value: unknown): Tree {
  return value as Tree;
}
