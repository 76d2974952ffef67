import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { advance } from "./clock.ts";
import { readBody, readQuery, readText } from "./input.ts";
import { callerOf, keyOf, personOf, requireRights } from "./keys.ts";
import { type Answer, ApiFailure, type Caller } from "./route.ts";
import { type Router, routerOf } from "./router.ts";
import { routes } from "./routes.ts";
import { demoKeys } from "./seed/people.ts";
import { seed } from "./seed/seed.ts";
import { openStore, type Store } from "./store.ts";

/** How to start Beacon. */
export interface BeaconOptions {
  /** Default 0: any free port. */
  readonly port?: number;
  /** Default 127.0.0.1: demo keys are public. */
  readonly host?: string;
  /** SQLite file; what is in it survives a restart. Default: memory. */
  readonly dataFile?: string;
  /** The time the seed is written for, and the server's clock at its start. Default: the present, to the minute. */
  readonly now?: Date;
  /** Whether each request is told on stderr. Default false. */
  readonly log?: boolean;
  /** The user that an access token of the demo's identity provider stands for; null: it is not good. Default: keys alone are good. */
  readonly userOf?: (token: string) => Promise<string | null>;
}

/** One request Beacon has received; headers without the key. `status` is 0 until it is answered. */
export interface RequestRecord {
  readonly method: string;
  /** Path and query, as sent. */
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  status: number;
}

/** The keys of the demo. They are public: they open nothing but a Beacon started for a demo or a test. */
export interface BeaconKeys {
  /** Ada in Acme Cloud: scope read. */
  readonly readOnly: string;
  /** Ada in Acme Cloud: read and write. */
  readonly readWrite: string;
  /** Ada in Acme Cloud: read, write and delete. */
  readonly full: string;
  /** Ada in Globex. */
  readonly other: { readonly readOnly: string; readonly readWrite: string; readonly full: string };
  /** One key each, all scopes asked for: what works is what the person's role includes. */
  readonly users: { readonly admin: string; readonly viewer: string; readonly member: string };
}

/** A running Beacon. */
export interface Beacon {
  /** `http://127.0.0.1:4010`, without a slash at the end. */
  readonly url: string;
  readonly port: number;
  readonly keys: BeaconKeys;
  /** The latest requests, oldest first, at most 10,000. */
  readonly requests: readonly RequestRecord[];
  /** Requests since the start, without that limit. */
  readonly requestCount: () => number;
  readonly close: () => Promise<void>;
}

/** Requests kept in memory; a benchmark sends far more than anyone reads. */
const maxRecords = 10_000;

/** Starts Beacon over real HTTP and resolves once it listens. An empty store is seeded first. */
export async function startBeacon(options: BeaconOptions = {}): Promise<Beacon> {
  const base = options.now ?? toMinute(new Date());
  const startedAt = Date.now();
  const store = openStore(options.dataFile ?? ":memory:");
  seed(store, base);
  const records: RequestRecord[] = [];
  let total = 0;
  // Without a given time the clock is the real one.
  const now = (): string =>
    new Date(options.now === undefined ? Date.now() : base.getTime() + Date.now() - startedAt).toISOString();
  const world = { store, router: routerOf(routes), now, tick: tickOf(store), userOf: options.userOf };
  const server = createServer((request, response) => {
    void serve(world, request, response, (record) => {
      total += 1;
      records.push(record);
      if (records.length > maxRecords) records.shift();
    }).then((record) => {
      if (options.log === true) process.stderr.write(`${record.method} ${record.url} ${record.status}\n`);
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", (fault) => {
      store.close();
      reject(fault);
    });
    server.listen(options.port ?? 0, options.host ?? "127.0.0.1", resolve);
  });
  // A server that listens on TCP has an AddressInfo.
  const { port, address, family } = server.address() as AddressInfo;
  return {
    url: `http://${family === "IPv6" ? `[${address}]` : address}:${port}`,
    port,
    keys,
    requests: records,
    requestCount: () => total,
    close: () =>
      new Promise((resolve) => {
        server.close(() => {
          store.close();
          resolve();
        });
        server.closeAllConnections();
      }),
  };
}

const keyNamed = (part: string, organisation: string): string => {
  const found = demoKeys.find((key) => key.row.id === `key_${organisation}_${part}`);
  if (found === undefined) throw new Error(`there is no demo key ${part} of ${organisation}`);
  return found.key;
};

const keys: BeaconKeys = {
  readOnly: keyNamed("read", "acme"),
  readWrite: keyNamed("write", "acme"),
  full: keyNamed("full", "acme"),
  other: {
    readOnly: keyNamed("read", "globex"),
    readWrite: keyNamed("write", "globex"),
    full: keyNamed("full", "globex"),
  },
  users: { admin: keyNamed("full", "acme"), viewer: keyNamed("viewer", "acme"), member: keyNamed("member", "acme") },
};

/** Lets time pass in the store, at most once a second: a request must not pay for it each time. */
function tickOf(store: Store): (now: string) => void {
  const organisations = [...new Set(demoKeys.map((key) => `org_${key.organisation}`))];
  let last = "";
  return (now) => {
    const second = now.slice(0, 19);
    if (second === last) return;
    last = second;
    store.transaction(() => advance(store, organisations, now));
  };
}

interface World {
  readonly store: Store;
  readonly router: Router;
  readonly now: () => string;
  readonly tick: (now: string) => void;
  readonly userOf: BeaconOptions["userOf"];
}

/** Answers one request; never rejects. */
async function serve(
  world: World,
  request: IncomingMessage,
  response: ServerResponse,
  keep: (record: RequestRecord) => void,
): Promise<RequestRecord> {
  const { method = "GET", url = "/" } = request;
  const record = { method, url, headers: withoutKey(request.headers), body: "", status: 0 };
  keep(record);
  try {
    record.body = await readText(request);
    const userId = await signedIn(world, request);
    send(response, record, answer(world, request, { record, userId }));
  } catch (thrown) {
    send(response, record, failureAnswer(thrown));
  }
  return record;
}

/** Who signed in, where a request carries an access token: those are JWTs, and keys are not. */
async function signedIn({ userOf }: World, request: IncomingMessage): Promise<string | null> {
  const token = keyOf({ authorization: request.headers.authorization });
  return userOf !== undefined && token?.split(".").length === 3 ? userOf(token) : null;
}

function callerIn({ store }: World, request: IncomingMessage, userId: string | null, time: string): Caller {
  const organisation = request.headers["x-organisation-id"];
  if (userId !== null) return personOf(store, userId, typeof organisation === "string" ? organisation : undefined);
  return callerOf(store, keyOf(request.headers), time);
}

function answer(
  world: World,
  request: IncomingMessage,
  { record, userId }: { readonly record: RequestRecord; readonly userId: string | null },
): Answer {
  const { store, router, now, tick } = world;
  const url = urlOf(request);
  const match = router.match(record.method, url.pathname);
  if (match === undefined) throw unmatched(router, record.method, url.pathname);
  const { route, path } = match;
  const time = now();
  tick(time);
  const caller = route.scope === null ? nobody : callerIn(world, request, userId, time);
  const isOwn = route.forOneself === true && (caller.isPerson === true || path.apiKeyId === caller.keyId);
  if (route.scope !== null && !isOwn) requireRights(caller, route.scope, route.permission);
  const query = readQuery(route, url.searchParams);
  const body = readBody(route, request.headers["content-type"], record.body);
  const work = (): Answer => route.answer({ store, caller, now: time, path, query, body, url });
  return route.scope === "read" || route.scope === null ? work() : store.transaction(work);
}

const nobody: Caller = { organisationId: "", keyId: "", keyName: "", scopes: [], user: {}, permissions: [] };

function urlOf(request: IncomingMessage): URL {
  const host = request.headers.host ?? "localhost";
  const base = `http://${host}`;
  if (URL.canParse(request.url ?? "/", base)) return new URL(request.url ?? "/", base);
  throw new ApiFailure(400, "invalid_request", "the address of the request cannot be read");
}

function unmatched(router: Router, method: string, pathname: string): ApiFailure {
  const allowed = router.methods(pathname);
  if (allowed.length === 0) return new ApiFailure(404, "not_found", `there is nothing at ${pathname}`);
  return new ApiFailure(405, "method_not_allowed", `${pathname} takes ${allowed.join(", ")}, not ${method}`);
}

function failureAnswer(thrown: unknown): Answer {
  if (thrown instanceof ApiFailure) {
    const { status, code, message, details } = thrown;
    const listed =
      details === undefined ? {} : { details: details.map(({ path, message: text }) => ({ path, message: text })) };
    return { status, body: { error: { code, message, ...listed } } };
  }
  process.stderr.write(`${thrown instanceof Error ? thrown.stack : String(thrown)}\n`);
  return { status: 500, body: { error: { code: "internal", message: "something went wrong in Beacon" } } };
}

function send(response: ServerResponse, record: RequestRecord, { status, body, headers }: Answer): void {
  record.status = status;
  if (body === undefined) {
    response.writeHead(status, headers).end();
    return;
  }
  const text = JSON.stringify(body);
  response
    .writeHead(status, { "content-type": "application/json", "content-length": Buffer.byteLength(text), ...headers })
    .end(text);
}

function withoutKey(headers: IncomingHttpHeaders): IncomingHttpHeaders {
  const { "x-api-key": _key, authorization: _bearer, cookie: _cookie, ...rest } = headers;
  return rest;
}

function toMinute(time: Date): Date {
  return new Date(Math.floor(time.getTime() / 60_000) * 60_000);
}
