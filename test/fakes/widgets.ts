import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";

/** A stored widget. */
export interface Widget {
  readonly id: string;
  readonly name: string;
  readonly colour?: string;
}

/** The smallest REST API worth serving, with a key. */
export interface Widgets {
  readonly url: string;
  /** `METHOD path` of every request that came in. */
  readonly requests: readonly string[];
  /** The `x-api-key` of each of them. */
  readonly keys: readonly (string | undefined)[];
  readonly widgets: Map<string, Widget>;
  /** The next request is answered only after `release`; `arrived` resolves when it has come. */
  readonly hold: () => Hold;
  readonly close: () => Promise<void>;
}

/** One request that waits. */
export interface Hold {
  readonly arrived: Promise<void>;
  readonly release: () => void;
}

/** Starts the API that {@link widgetSpec} describes; it holds `w1` and takes the keys given. */
export async function startWidgets(keys: readonly string[]): Promise<Widgets> {
  const widgets = new Map<string, Widget>([["w1", { id: "w1", name: "First", colour: "red" }]]);
  const requests: string[] = [];
  const seen: (string | undefined)[] = [];
  const holds: { arrived: () => void; released: Promise<void> }[] = [];
  const server = createServer((req, res) => {
    requests.push(`${req.method} ${req.url}`);
    const key = req.headers["x-api-key"];
    seen.push(typeof key === "string" ? key : undefined);
    const held = holds.shift();
    held?.arrived();
    void Promise.all([bodyOf(req), held?.released]).then(([body]) => {
      const known = typeof key === "string" && keys.includes(key);
      const answer = known ? answerTo(req, body, widgets) : { status: 401, body: { message: "bad key" } };
      res.writeHead(answer.status, { "content-type": "application/json" });
      res.end(answer.body === undefined ? undefined : JSON.stringify(answer.body));
    });
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    keys: seen,
    widgets,
    hold: () => {
      const arrived = Promise.withResolvers<void>();
      const released = Promise.withResolvers<void>();
      holds.push({ arrived: arrived.resolve, released: released.promise });
      return { arrived: arrived.promise, release: released.resolve };
    },
    close: () =>
      new Promise((closed) => {
        server.close(() => closed());
        server.closeAllConnections();
      }),
  };
}

async function bodyOf(req: IncomingMessage): Promise<Partial<Widget>> {
  let text = "";
  for await (const chunk of req) text += String(chunk);
  return text === "" ? {} : (JSON.parse(text) as Partial<Widget>); // the gateway sends what the Spec says
}

function answerTo(req: IncomingMessage, body: Partial<Widget>, widgets: Map<string, Widget>): Answer {
  const { pathname } = new URL(req.url ?? "/", "http://widgets.invalid");
  const id = /^\/widgets\/([^/]+)$/.exec(pathname)?.[1];
  if (pathname === "/widgets" && req.method === "GET") return { status: 200, body: [...widgets.values()] };
  if (pathname === "/widgets" && req.method === "POST") return save(`w${widgets.size + 1}`, body, 201, widgets);
  const found = id === undefined ? undefined : widgets.get(decodeURIComponent(id));
  if (!found) return { status: 404, body: { message: `no ${pathname}` } };
  if (req.method === "GET") return { status: 200, body: found };
  if (req.method === "PATCH") return save(found.id, { ...found, ...body }, 200, widgets);
  widgets.delete(found.id);
  return { status: 204 };
}

interface Answer {
  readonly status: number;
  readonly body?: unknown;
}

function save(id: string, body: Partial<Widget>, status: number, widgets: Map<string, Widget>): Answer {
  const widget: Widget = { ...body, name: body.name ?? "", id };
  widgets.set(id, widget);
  return { status, body: widget };
}

const reference = { $ref: "#/components/schemas/Widget" };
const input = {
  type: "object",
  required: ["name"],
  properties: { name: { type: "string", minLength: 1 }, colour: { type: "string", enum: ["red", "blue"] } },
};
const idParameter = { name: "id", in: "path", required: true, schema: { type: "string" } };
const json = (schema: unknown): unknown => ({ "application/json": { schema } });
const operation = (operationId: string, more: object): object => ({ operationId, tags: ["Widgets"], ...more });

/** The OpenAPI document of the API, with all kinds but Count. */
export const widgetSpec: Readonly<Record<string, unknown>> = {
  openapi: "3.1.0",
  info: { title: "Widgets", version: "2.0.0" },
  servers: [{ url: "https://widgets.example.com" }],
  security: [{ key: [] }],
  paths: {
    "/widgets": {
      get: operation("listWidgets", {
        summary: "List widgets",
        responses: { 200: { description: "ok", content: json({ type: "array", items: reference }) } },
      }),
      post: operation("createWidget", {
        summary: "Create a widget",
        requestBody: { required: true, content: json(input) },
        responses: { 201: { description: "made", content: json(reference) } },
      }),
    },
    "/widgets/{id}": {
      parameters: [idParameter],
      get: operation("getWidget", {
        summary: "Read a widget",
        responses: { 200: { description: "ok", content: json(reference) } },
      }),
      patch: operation("updateWidget", {
        summary: "Change a widget",
        requestBody: { required: true, content: json({ ...input, required: [] }) },
        responses: { 200: { description: "ok", content: json(reference) } },
      }),
      delete: operation("deleteWidget", { summary: "Delete a widget", responses: { 204: { description: "gone" } } }),
    },
  },
  components: {
    securitySchemes: { key: { type: "apiKey", in: "header", name: "x-api-key" } },
    schemas: {
      Widget: {
        type: "object",
        required: ["id", "name"],
        properties: { id: { type: "string", readOnly: true }, ...input.properties },
      },
    },
  },
};
