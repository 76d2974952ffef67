import express, { type Request, type Response, type Router } from "express";
import type { ReadAudit } from "../../../audit/event.ts";
import type { GatewayKeys, IssuedKey, KeyActor } from "../../../auth/gatewayKeys.ts";
import type { Connections } from "../../../oauth/port.ts";
import type { Logger } from "../../../telemetry/log.ts";
import { assertRead, jsonFailure } from "../json.ts";
import { type AdminAccessOptions, adminOf } from "./access.ts";
import { auditRoute } from "./audit.ts";
import { auditExportRoute } from "./auditExport.ts";
import { connectionsRoute } from "./connections.ts";
import { adminDocument } from "./openapi.ts";
import { keyQuery, rotation, wantedKey } from "./reading.ts";

export interface AdminOptions extends AdminAccessOptions {
  readonly keys: GatewayKeys;
  readonly readAudit: ReadAudit;
  /** What words for scopes stand for; see `scopesOfWords`. */
  readonly scopesOf: (words: readonly string[]) => readonly string[];
  /** Absent: there are none, and their list is empty. */
  readonly connections?: Connections;
  /** For the document: whose API it is, and its version. */
  readonly brand: string;
  readonly version: string;
  readonly log?: Pick<Logger, "error">;
}

/** A key with every field, a thousand bound values among them, is far below it. */
const mostBodyBytes = 262_144;

/**
 * The admin API, to be mounted at `/api/v1/admin`; `openapi.json` below it describes it. Errors are `{ code, message, next? }`. Where
 * {@link adminOf} says that there is no admin API, the request is left to whoever answers 404.
 */
export function adminRouter(options: AdminOptions): Router {
  const { keys, scopesOf, brand, version } = options;
  const router = express.Router({ caseSensitive: true });
  router.use(async (req, res, next) => {
    const actor = await adminOf(req, options);
    if (actor === null) {
      next("router");
      return;
    }
    res.locals.actor = actor;
    next();
  });
  router.use(express.json({ limit: mostBodyBytes, strict: true }), assertRead);
  router.get("/openapi.json", (_req, res) => void res.json(adminDocument({ brand, version })));
  router.post("/keys", async (req, res) => {
    const issued = await keys.create(wantedKey(req.body, scopesOf), actorOf(res));
    res.status(201).location(`${req.baseUrl}/keys/${issued.view.id}`).json(issuedBody(issued));
  });
  router.get("/keys", async (req, res) => {
    const { items, next } = await keys.list(keyQuery(req.query), actorOf(res));
    res.json({ items, ...(next !== undefined && { nextCursor: next }) });
  });
  router.get("/keys/:id", async (req, res) => void res.json(await keys.get(idOf(req), actorOf(res))));
  router.post("/keys/:id/rotate", async (req, res) => {
    const issued = await keys.rotate(idOf(req), rotation(req.body), actorOf(res));
    res.status(201).location(`${req.baseUrl}/keys/${issued.view.id}`).json(issuedBody(issued));
  });
  router.post("/keys/:id/revoke", async (req, res) => void res.json(await keys.revoke(idOf(req), actorOf(res))));
  router.get("/connections", connectionsRoute(options.connections));
  router.get("/audit", auditRoute(options.readAudit));
  router.get("/audit/export", auditExportRoute(options.readAudit));
  for (const [route, allow, message] of otherMethods)
    router.all(
      route,
      (_req, res) => void res.status(405).set("allow", allow).json({ code: "invalid_request", message }),
    );
  router.use(jsonFailure({ mostBodyBytes, realm: "admin", log: options.log }));
  return router;
}

const immutable =
  "A key cannot be changed: its owner, name, scopes and bounds are part of what it is. Make another key and revoke this one.";

const otherMethods = [
  ["/openapi.json", "GET, HEAD", "Method not allowed; use GET."],
  ["/connections", "GET, HEAD", "Method not allowed; use GET."],
  ["/audit", "GET, HEAD", "Method not allowed; use GET."],
  ["/audit/export", "GET, HEAD", "Method not allowed; use GET."],
  ["/keys", "GET, HEAD, POST", "Method not allowed; use GET or POST."],
  ["/keys/:id", "GET, HEAD", immutable],
  ["/keys/:id/rotate", "POST", "Method not allowed; use POST."],
  ["/keys/:id/revoke", "POST", "Method not allowed; use POST."],
] as const;

function actorOf(res: Response): KeyActor {
  return res.locals.actor as KeyActor; // set by the first middleware
}

function idOf(req: Request): string {
  return String(req.params.id);
}

/** The one place and time where a key's text is shown. */
function issuedBody({ key, view }: IssuedKey): object {
  return { key: key.reveal(), ...view };
}
