import express, { type NextFunction, type Request, type Response, type Router } from "express";
import type { ReadAudit } from "../../../audit/event.ts";
import { challengeOf } from "../../../auth/challenge.ts";
import type { GatewayKeys, IssuedKey, KeyActor } from "../../../auth/gatewayKeys.ts";
import { GatewayError, httpStatus } from "../../../errors.ts";
import type { Logger } from "../../../telemetry/log.ts";
import { type AdminAccessOptions, adminOf } from "./access.ts";
import { auditRoute } from "./audit.ts";
import { adminDocument } from "./openapi.ts";
import { keyQuery, rotation, wantedKey } from "./reading.ts";

export interface AdminOptions extends AdminAccessOptions {
  readonly keys: GatewayKeys;
  readonly readAudit: ReadAudit;
  /** What words for scopes stand for; see `scopesOfWords`. */
  readonly scopesOf: (words: readonly string[]) => readonly string[];
  /** Of the API, for the document. */
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
  const { keys, scopesOf, version } = options;
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
  router.get("/openapi.json", (_req, res) => void res.json(adminDocument(version)));
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
  router.get("/audit", auditRoute(options.readAudit));
  for (const [route, allow, message] of otherMethods)
    router.all(
      route,
      (_req, res) => void res.status(405).set("allow", allow).json({ code: "invalid_request", message }),
    );
  router.use(failure(options.log));
  return router;
}

const immutable =
  "A key cannot be changed: its owner, name, scopes and bounds are part of what it is. Make another key and revoke this one.";

const otherMethods = [
  ["/openapi.json", "GET, HEAD", "Method not allowed; use GET."],
  ["/audit", "GET, HEAD", "Method not allowed; use GET."],
  ["/keys", "GET, HEAD, POST", "Method not allowed; use GET or POST."],
  ["/keys/:id", "GET, HEAD", immutable],
  ["/keys/:id/rotate", "POST", "Method not allowed; use POST."],
  ["/keys/:id/revoke", "POST", "Method not allowed; use POST."],
] as const;

/** A body of another type is left unread by the parser: wishes in it must not be passed over. */
function assertRead(req: Request, _res: Response, next: NextFunction): void {
  const { "content-length": length = "0", "transfer-encoding": encoding } = req.headers;
  if (req.body === undefined && (length !== "0" || encoding !== undefined))
    throw new GatewayError("invalid_request", "send the body as application/json", { status: 415 });
  next();
}

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

/** Express knows it by its four parameters. */
function failure(log: AdminOptions["log"]): (thrown: unknown, req: Request, res: Response, next: NextFunction) => void {
  return (thrown, _req, res, next) => {
    if (res.headersSent) {
      next(thrown);
      return;
    }
    const error = errorOf(thrown);
    const { next: advice, retryAfterSeconds, status } = error.facts;
    if (error.code === "internal") log?.error({ err: error.facts.cause }, "a request of the admin API failed");
    if (error.code === "unauthenticated" || error.code === "insufficient_scope")
      res.set("www-authenticate", challengeOf(error, "admin").header);
    if (retryAfterSeconds !== undefined) res.set("retry-after", String(retryAfterSeconds));
    res
      .status(status ?? httpStatus[error.code])
      .json({ code: error.code, message: error.message, ...(advice !== undefined && { next: advice }) });
  };
}

/** What the body parser throws has a status, and a text that may repeat the body. */
function errorOf(thrown: unknown): GatewayError {
  const status = typeof thrown === "object" && thrown !== null && "status" in thrown ? thrown.status : undefined;
  if (status === 413)
    return new GatewayError("invalid_request", `the body is larger than ${mostBodyBytes} bytes`, { status });
  if (typeof status === "number" && status >= 400 && status < 500)
    return new GatewayError("invalid_request", "the body is not JSON that can be read", { status });
  return GatewayError.from(thrown);
}
