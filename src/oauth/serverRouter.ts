import type { IncomingMessage } from "node:http";
import express, { type NextFunction, type Request, type Response, type Router } from "express";
import type { Provider } from "oidc-provider";
import { GatewayError, httpStatus } from "../errors.ts";
import { servedMetadata } from "./clientMetadata.ts";
import { type ErrorPage, errorPage, errorPageHeaders } from "./errorPage.ts";
import type { OAuthLimits, oauthLimits } from "./limits.ts";
import { publicDocument } from "./metadata.ts";
import { endpoints, serverMetadataPaths } from "./paths.ts";

export interface ServerRouterOptions {
  /** The authorization server, built on first use. */
  readonly provider: () => Promise<Provider>;
  readonly publicUrl: () => string;
  readonly limits: OAuthLimits;
  /** Network of a request; undefined where a proxy of ours hides it. */
  readonly networkOf: (req: IncomingMessage) => string | undefined;
  /** Whether clients may register by themselves. */
  readonly registration: boolean;
  /** Whether one more client can be kept. */
  readonly hasRoom: () => Promise<boolean>;
  /** What is asked for where a client names no scope. */
  readonly defaultScopes: readonly string[];
  readonly page: ErrorPage;
  readonly logFault?: (thrown: unknown) => void;
}

const mostRegistrationBytes = 8 * 1024;
const mostFormBytes = 16 * 1024;
/** Behind a proxy that hides who calls everybody is one, and has this many times the room of one network. */
const manyTimes = 60;

/** The endpoints of the authorization server; whatever else it would serve is left alone. */
export function serverRouter(options: ServerRouterOptions): Router {
  const router = express.Router({ caseSensitive: true, strict: true });
  const forward = forwarding(options);
  for (const path of serverMetadataPaths)
    router.get(
      path,
      (_req, res, next) => {
        publicDocument(res);
        next();
      },
      forward,
    );
  router.get(
    endpoints.jwks,
    (_req, res, next) => {
      publicDocument(res);
      next();
    },
    forward,
  );
  router.get(endpoints.authorization, limited(options, "authorize"), defaultScope(options.defaultScopes), forward);
  router.get(`${endpoints.authorization}/:uid`, limited(options, "authorize"), forward);
  const form = express.urlencoded({ extended: false, limit: mostFormBytes });
  router.post(endpoints.token, form, limited(options, "token"), forward);
  router.post(endpoints.revocation, form, limited(options, "token"), forward);
  if (options.registration)
    router.post(
      endpoints.registration,
      limited(options, "register"),
      express.json({ limit: mostRegistrationBytes }),
      publicClient,
      room(options),
      forward,
    );
  router.use(failure(options));
  return router;
}

type Handler = (req: Request, res: Response, next: NextFunction) => void;

/**
 * Hands the request to the library, whose URLs are made from the headers Host and X-Forwarded-*: they say what we are, whatever the
 * request said (oauth.md §3).
 */
function forwarding({ provider, publicUrl }: ServerRouterOptions): Handler {
  return async (req, res) => {
    const { host, protocol } = new URL(publicUrl());
    req.headers.host = host;
    req.headers["x-forwarded-host"] = host;
    req.headers["x-forwarded-proto"] = protocol.slice(0, -1);
    await (await provider()).callback()(req, res);
  };
}

/** Clients that ask for nothing get what is of use to them at the least, not an error. */
function defaultScope(scopes: readonly string[]): Handler {
  return (req, _res, next) => {
    const query = new URLSearchParams(req.url.split("?")[1] ?? "");
    if ((query.get("scope") ?? "").trim() === "") {
      query.delete("scope");
      query.set("scope", scopes.join(" "));
      req.url = `${endpoints.authorization}?${query}`;
      req.originalUrl = req.url;
    }
    next();
  };
}

/** A registration that names no way to authenticate would be given a secret by the library, whatever its defaults say. */
const publicClient: Handler = (req, _res, next) => {
  const body: unknown = req.body;
  if (typeof body === "object" && body !== null && !Array.isArray(body))
    req.body = { token_endpoint_auth_method: "none", ...servedMetadata(body) };
  next();
};

function room({ hasRoom }: ServerRouterOptions): Handler {
  return async (_req, _res, next) => {
    if (!(await hasRoom())) throw tooMany(3_600, "too many clients are registered");
    next();
  };
}

function limited({ limits, networkOf }: ServerRouterOptions, kind: keyof typeof oauthLimits): Handler {
  return async (req, _res, next) => {
    const network = networkOf(req);
    const client: unknown = kind === "token" ? (req.body as { client_id?: unknown } | undefined)?.client_id : "";
    const who = `${typeof client === "string" ? client : ""} ${network ?? "behind a proxy"}`;
    const waitMs = await limits.take(kind, who, network === undefined ? manyTimes : 1);
    if (waitMs > 0) throw tooMany(Math.ceil(waitMs / 1_000), "too many requests from this address");
    next();
  };
}

function tooMany(seconds: number, what: string): GatewayError {
  return new GatewayError("rate_limited", `${what}; wait ${seconds} seconds`, { retryAfterSeconds: seconds });
}

/** Errors as OAuth says them: a page where a person looks on, JSON elsewhere. Express knows it by its four parameters. */
function failure({
  page,
  logFault,
}: ServerRouterOptions): (thrown: unknown, req: Request, res: Response, next: NextFunction) => void {
  return (thrown, req, res, next) => {
    if (res.headersSent) {
      next(thrown);
      return;
    }
    const error = errorOf(thrown);
    if (error.code === "internal") logFault?.(error.facts.cause);
    const fault = { error: oauthCode(error), error_description: error.message };
    const { retryAfterSeconds, status } = error.facts;
    res.status(status ?? httpStatus[error.code]).set("cache-control", "no-store");
    if (retryAfterSeconds !== undefined) res.set("retry-after", String(retryAfterSeconds));
    if (req.path.startsWith(endpoints.authorization))
      res
        .set({ ...errorPageHeaders })
        .type("html")
        .send(errorPage(fault, page));
    else res.json(fault);
  };
}

/** https://www.rfc-editor.org/rfc/rfc6749#section-5.2 and §4.1.2.1 */
function oauthCode({ code }: GatewayError): string {
  if (code === "internal") return "server_error";
  return code === "invalid_request" ? "invalid_request" : "temporarily_unavailable";
}

/** Express marks what the client did wrong (a body too large, or none) with a status. */
function errorOf(thrown: unknown): GatewayError {
  const status = typeof thrown === "object" && thrown !== null && "status" in thrown ? thrown.status : undefined;
  if (typeof status !== "number" || status < 400 || status >= 500) return GatewayError.from(thrown);
  const what = status === 413 ? "the body is too large" : "the body cannot be read";
  return new GatewayError("invalid_request", what, { status });
}
