import express, {
  type Express,
  type NextFunction,
  type Request,
  type RequestHandler,
  type Response,
  type Router,
} from "express";
import { challengeOf } from "../auth/challenge.ts";
import { GatewayError, httpStatus } from "../errors.ts";
import type { Surface } from "../mcp/context.ts";
import type { Logger } from "../telemetry/log.ts";
import { blamedFor } from "./address.ts";
import type { AuthenticateAt } from "./authenticateAt.ts";
import { corsHeaders, type EdgePolicy, pageHeaders, preflightHeaders, refusalOf } from "./edge.ts";
import { type Health, healthRoute, livenessRoute, type Readiness, readinessRoute } from "./routes/health.ts";
import { notFound } from "./routes/notFound.ts";
import { oauthRoutes } from "./routes/oauth.ts";
import { toolRoute, toolsRoute } from "./routes/tools.ts";

export interface AppOptions {
  readonly surfaces: readonly Surface[];
  readonly authenticate: AuthenticateAt;
  readonly edge: EdgePolicy;
  /** Names of the headers that carry keys, for `Vary`. */
  readonly credentialHeaders: readonly string[];
  /** What a caller without a key learns from `<path>/tools`. */
  readonly anonymousTools: "names" | "deny";
  /** What `<path>/health` says of a Surface. Asks no upstream. */
  readonly health: (surface: Surface) => Promise<Health>;
  /** Whether the process can serve: what `/readyz` answers. */
  readonly ready: () => Promise<Readiness>;
  /** `/readyz` is 503 when degraded. Default false. */
  readonly strictReadiness?: boolean;
  /** Throws when the lists of a Surface are not served to this request: too many from there, or the process is under strain. */
  readonly admit?: (network: string | undefined) => void;
  /** The admin API; see `adminRouter`. Default: none. */
  readonly admin?: RequestHandler;
  /** Pages for people who sign in; see `peopleRouter`. Default: none. */
  readonly people?: RequestHandler;
  /** The page at `/`. */
  readonly page: (surface: Surface, req: Request) => string;
  /** Every route of OAuth. Absent: there are none, so that their paths are 404 like any other and clients stop looking. */
  readonly oauth?: Router;
  readonly log?: Pick<Logger, "error">;
}

/**
 * The Express app of every route that is not an MCP endpoint. All answers are JSON but the page; errors never show a stack
 * or HTML. There are no OAuth documents while OAuth is off: their paths are 404 like any other, so that clients stop looking.
 */
export function createApp(options: AppOptions): Express {
  const app = express();
  app.disable("x-powered-by");
  app.set("etag", false);
  app.set("query parser", "simple");
  // Orchestrators call these by address.
  app.get("/healthz", livenessRoute());
  app.get("/readyz", readinessRoute(options.ready, options.strictReadiness ?? false));
  if (options.oauth !== undefined) app.use(oauthRoutes(options.oauth, options.edge));
  app.use(edge(options));
  for (const surface of options.surfaces) {
    app.get(
      `${surface.path}/health`,
      healthRoute(() => options.health(surface)),
    );
    app.use(`${surface.path}/tools`, admission(options));
    app.get(`${surface.path}/tools`, toolsRoute(surface, options));
    app.get(`${surface.path}/tools/:name`, toolRoute(surface, options));
  }
  if (options.people !== undefined) app.use(options.people);
  if (options.admin !== undefined) app.use("/api/v1/admin", options.admin);
  const first = options.surfaces[0];
  if (first !== undefined) app.get("/", (req, res) => res.writeHead(200, pageHeaders).end(options.page(first, req)));
  for (const route of ["/", "/healthz", "/readyz", ...options.surfaces.flatMap(({ path }) => routesOf(path))])
    app.all(route, notAllowed);
  app.use(
    notFound(
      options.surfaces.map(({ path }) => path),
      options.edge.publicUrl,
    ),
  );
  app.use(failure(options));
  return app;
}

function routesOf(path: string): readonly string[] {
  return [`${path}/health`, `${path}/tools`, `${path}/tools/:name`];
}

/** A route that exists, with a method it does not have. */
function notAllowed(_req: Request, res: Response): void {
  res.status(405).set("allow", "GET, HEAD").json({ code: "invalid_request", message: "Method not allowed; use GET." });
}

/** Host, Origin and preflight for every route below, with the headers they all carry. */
function edge({
  edge: policy,
  credentialHeaders,
}: AppOptions): (req: Request, res: Response, next: NextFunction) => void {
  const vary = ["Authorization", ...credentialHeaders.filter((name) => name !== "authorization"), "Origin"].join(", ");
  return (req, res, next) => {
    const refusal = refusalOf(req, policy);
    if (refusal !== null) {
      res.status(403).json({ code: "not_permitted", message: refusal });
      return;
    }
    if (req.method === "OPTIONS") {
      res.writeHead(204, preflightHeaders(req, policy, "GET")).end();
      return;
    }
    res.set({ "cache-control": "no-store", vary, "x-content-type-options": "nosniff" });
    for (const [name, value] of Object.entries(corsHeaders(req))) res.set(name, String(value));
    next();
  };
}

function admission({ admit }: AppOptions): (req: Request, res: Response, next: NextFunction) => void {
  return (req, _res, next) => {
    admit?.(blamedFor(req));
    next();
  };
}

/** Every error as JSON `{ code, message, next? }`. Express knows it by its four parameters. */
function failure({
  surfaces,
  log,
}: AppOptions): (thrown: unknown, req: Request, res: Response, next: NextFunction) => void {
  return (thrown, req, res, next) => {
    if (res.headersSent) {
      next(thrown);
      return;
    }
    const error = errorOf(thrown);
    if (error.code === "internal") log?.error({ err: error.facts.cause }, "a request failed");
    if (error.code === "unauthenticated" || error.code === "insufficient_scope") {
      const surface = surfaces.find(({ path }) => req.path.startsWith(`${path}/`)) ?? surfaces[0];
      const challenge = challengeOf(error, surface?.serverInfo.name ?? "mcp", surface?.oauth);
      res.status(challenge.status).set("www-authenticate", challenge.header).json(challenge.body);
      return;
    }
    const { next: advice, retryAfterSeconds } = error.facts;
    if (retryAfterSeconds !== undefined) res.set("retry-after", String(retryAfterSeconds));
    const status = error.facts.status ?? httpStatus[error.code];
    res
      .status(status)
      .json({ code: error.code, message: error.message, ...(advice === undefined ? {} : { next: advice }) });
  };
}

/** Express marks what the client did wrong (a malformed escape in the path) with a status. */
function errorOf(thrown: unknown): GatewayError {
  const status = typeof thrown === "object" && thrown !== null && "status" in thrown ? thrown.status : undefined;
  if (typeof status === "number" && status >= 400 && status < 500) {
    return new GatewayError("invalid_request", "the request is malformed", { status });
  }
  return GatewayError.from(thrown);
}
