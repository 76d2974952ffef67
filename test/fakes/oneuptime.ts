import { randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import {
  checkSelect,
  filterRows,
  isUuid,
  Refusal,
  type Row,
  serialise,
  sortRows,
  type Table,
  unwrap,
} from "./oneuptimeTables.ts";

/** One request as it arrived, before anything was made of it. */
export interface RecordedRequest {
  readonly method: string;
  /** Raw, without the query. */
  readonly path: string;
  /** Raw text after `?`, or "". */
  readonly query: string;
  readonly headers: IncomingMessage["headers"];
  /** Raw text. */
  readonly text: string;
  /** Parsed; undefined when there was none. */
  readonly body: unknown;
}

/** An answer that the next request gets instead of its own. */
export interface PlannedAnswer {
  readonly status: number;
  readonly body: unknown;
}

export interface OneUptimeOptions {
  /** Paths that are not listed answer 404 as an unknown route. */
  readonly tables: readonly Table[];
  /** Keys by what they may do. A read key that writes is 422, as not authorized. */
  readonly keys: Readonly<Record<string, "read" | "write">>;
  /** The 2025-06-26 server reads `skip` and `limit` from the URL alone; the one of 12.0.16 reads the body after it. */
  readonly edition?: "2025-06-26" | "12.0.16";
}

export interface OneUptimeStub {
  /** Base URL, with the `/api` the real one has. */
  readonly url: string;
  /** Every request since the last {@link OneUptimeStub.forget}, in order. */
  readonly requests: readonly RecordedRequest[];
  readonly forget: () => void;
  /** Adds rows to a table, each with an `_id` when it has none. */
  readonly seed: (path: string, rows: readonly Readonly<Record<string, unknown>>[]) => readonly Row[];
  readonly rows: (path: string) => readonly Row[];
  /** The next request is answered so, whatever it asks. Several are answered in order. */
  readonly answerNext: (...answers: readonly PlannedAnswer[]) => void;
  readonly close: () => Promise<void>;
}

interface World {
  readonly options: OneUptimeOptions;
  readonly rows: Map<string, Row[]>;
  readonly planned: PlannedAnswer[];
}

type Body = Readonly<Record<string, unknown>>;

/**
 * The REST API of OneUptime over real HTTP, as its server answers and not as its document says: POST reads, `skip` and `limit`
 * in the URL, no columns without `select`, wrapped ids and dates, 200 with `{}` where nothing matches, 400 for a bad key and
 * the odd statuses of its exception table. It records every request. Not in it: relations, permissions per column but `denied`.
 */
export async function startOneUptime(options: OneUptimeOptions): Promise<OneUptimeStub> {
  const world: World = { options, rows: new Map(options.tables.map(({ path }) => [path, []])), planned: [] };
  const requests: RecordedRequest[] = [];
  const server = createServer((req, res) => {
    void record(req).then((request) => {
      requests.push(request);
      const { status, body } = world.planned.shift() ?? answer(request, world);
      send(res, status, body);
    });
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/api`,
    requests,
    forget: () => {
      requests.length = 0;
    },
    seed: (path, rows) => {
      const added = rows.map((row) => ({ _id: randomUUID(), ...row }));
      world.rows.set(path, [...rowsOf(world, path), ...added]);
      return added;
    },
    rows: (path) => rowsOf(world, path),
    answerNext: (...answers) => {
      world.planned.push(...answers);
    },
    close: () =>
      new Promise((closed) => {
        server.close(() => closed());
        server.closeAllConnections();
      }),
  };
}

async function record(req: IncomingMessage): Promise<RecordedRequest> {
  const chunks: Buffer[] = [];
  for await (const chunk of req) chunks.push(chunk as Buffer); // a request without an encoding set yields buffers
  const text = Buffer.concat(chunks).toString("utf8");
  const [path = "", query = ""] = (req.url ?? "").split(/\?(.*)/s);
  return { method: req.method ?? "", path, query, headers: req.headers, text, body: parse(text) };
}

function parse(text: string): unknown {
  try {
    return text === "" ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}

function send(res: ServerResponse, status: number, body: unknown): void {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  res.writeHead(status, { "content-type": typeof body === "string" ? "text/html" : "application/json" }).end(text);
}

function answer(request: RecordedRequest, world: World): PlannedAnswer {
  try {
    if (request.text !== "" && request.body === undefined) return { status: 400, body: { error: "Unexpected token" } };
    return { status: 200, body: route(request, world) };
  } catch (thrown) {
    if (thrown instanceof Refusal) return { status: thrown.status, body: { message: thrown.message } };
    return { status: 500, body: { error: "Server Error" } };
  }
}

function route(request: RecordedRequest, world: World): unknown {
  const { method, path } = request;
  const target = targetOf(path, world.options.tables);
  if (!target) throw new Refusal(404, `Page not found - ${path}`);
  const { table, rest } = target;
  const body = (request.body ?? {}) as Body; // whatever was sent: the real server does not check its shape either
  const name = rest.length === 2 ? `${method} /{id}/${rest[1]}` : rest.length === 1 ? `${method} /${rest[0]}` : method;

  if (name === "POST /get-list") return authorised(request, world, "read") && list(table, body, request.query, world);
  if (name === "POST /count") return authorised(request, world, "read") && count(table, body, world);
  if (name === "POST /{id}/get-item")
    return authorised(request, world, "read") && get(table, rest[0] ?? "", body, world);
  if (name === "POST") return authorised(request, world, "write") && create(table, body, world);
  if (rest.length === 1 && method === "PUT")
    return authorised(request, world, "write") && update(table, rest[0] ?? "", body, world);
  if (rest.length === 1 && method === "DELETE")
    return authorised(request, world, "write") && remove(table, rest[0] ?? "", world);
  throw new Refusal(404, `Page not found - ${path}`);
}

/** The table a path names and the segments after it. A trailing slash names nothing. */
function targetOf(path: string, tables: readonly Table[]): { table: Table; rest: readonly string[] } | undefined {
  const [, api, first, ...rest] = path.split("/");
  const table = tables.find((one) => one.path === `/${first}`);
  if (api !== "api" || !table || rest.includes("") || rest.length > 2) return undefined;
  return { table, rest: rest.map((segment) => decodeURIComponent(segment)) };
}

function authorised({ headers }: RecordedRequest, { options }: World, need: "read" | "write"): true {
  const key = headers.apikey;
  if (key === undefined) throw new Refusal(401, "A user should be logged in to perform this operation.");
  const held = options.keys[String(key)];
  if (held === undefined) throw new Refusal(400, "Invalid API Key");
  if (need === "write" && held === "read") throw new Refusal(422, "You are not authorized to perform this operation.");
  return true;
}

function rowsOf(world: World, path: string): readonly Row[] {
  return world.rows.get(path) ?? [];
}

function part(body: Body, name: string): Body {
  return (body[name] ?? {}) as Body;
}

function list(table: Table, body: Body, query: string, world: World): unknown {
  const select = part(body, "select");
  checkSelect(select, table);
  const { skip, limit, shown } = window(query, body, world.options.edition ?? "2025-06-26");
  const found = sortRows(filterRows(rowsOf(world, table.path), part(body, "query")), part(body, "sort"));
  const data = found.slice(skip, skip + limit).map((row) => serialise(row, select, table));
  return { data, count: found.length, ...shown };
}

/** The page asked for, and what the answer echoes: always what the URL says, even where the body counted. */
function window(query: string, body: Body, edition: NonNullable<OneUptimeOptions["edition"]>) {
  const url = new URLSearchParams(query);
  const read = (name: string): unknown => url.get(name) ?? (edition === "12.0.16" ? body[name] : undefined);
  const limit = Number(read("limit") ?? 10) || 10;
  const skip = Number(read("skip") ?? 0) || 0;
  if (limit < 0 || skip < 0) throw new Refusal(400, "limit and skip cannot be negative");
  if (limit > 10_000) throw new Refusal(400, "Limit should be less than or equal to 10000");
  return { skip, limit, shown: { skip: Number(url.get("skip") ?? 0), limit: Number(url.get("limit") ?? 10) } };
}

function count(table: Table, body: Body, world: World): unknown {
  return { count: filterRows(rowsOf(world, table.path), part(body, "query")).length };
}

function get(table: Table, id: string, body: Body, world: World): unknown {
  checkId(id);
  const select = part(body, "select");
  checkSelect(select, table);
  const row = rowsOf(world, table.path).find((one) => one._id === id);
  return row ? serialise(row, select, table) : {};
}

function create(table: Table, body: Body, world: World): unknown {
  const data = dataOf(body, table);
  const now = "2026-03-04T05:06:07.000Z";
  const row: Row = { ...data, createdAt: now, updatedAt: now, _id: randomUUID() };
  world.rows.set(table.path, [...rowsOf(world, table.path), row]);
  return serialise(row, Object.fromEntries(Object.keys(row).map((name) => [name, true])), table);
}

function update(table: Table, id: string, body: Body, world: World): unknown {
  checkId(id);
  const { _id, createdAt, updatedAt, ...data } = dataOf(body, table);
  if (Object.keys(data).length === 0) throw new Refusal(400, "No data to update");
  const rows = rowsOf(world, table.path);
  if (!rows.some((row) => row._id === id))
    throw new Refusal(
      422,
      `Unable to update this ${table.name ?? "item"}. It either does not exist, or you do not have permission to update it.`,
    );
  world.rows.set(
    table.path,
    rows.map((row) => (row._id === id ? { ...row, ...data, _id: row._id } : row)),
  );
  return {};
}

function remove(table: Table, id: string, world: World): unknown {
  checkId(id);
  world.rows.set(
    table.path,
    rowsOf(world, table.path).filter((row) => row._id !== id),
  );
  return {};
}

function checkId(id: string): void {
  if (!isUuid(id)) throw new Refusal(400, `ID is not a valid UUID: ${id}`);
}

/** The written columns; a body without its `data` is refused, and so is a column of a higher plan, null or not. */
function dataOf({ data }: Body, table: Table): Record<string, unknown> {
  if (typeof data !== "object" || data === null) throw new Refusal(400, "Data is required");
  const paid = Object.keys(data).find((name) => table.paid?.includes(name));
  if (paid !== undefined) throw new Refusal(402, `Please upgrade your plan to use ${paid}`);
  return Object.fromEntries(Object.entries(data).map(([name, value]) => [name, unwrap(value)]));
}
