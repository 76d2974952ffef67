import express, { type NextFunction, type Request, type Response, type Router } from "express";
import { endpoints, interactionPath } from "../../oauth/paths.ts";
import { corsHeaders, type EdgePolicy, hostRefusalOf, preflightHeaders, refusalOf } from "../edge.ts";

/**
 * The routes of OAuth behind checks of their own (security.md T7, T17): what pages of any origin may read needs no origin that we
 * know, and a form of ours, which tells nobody where it is, comes from the origin `null`. Leaves every other path to the next.
 */
export function oauthRoutes(router: Router, policy: EdgePolicy): Router {
  const routes = express.Router({ caseSensitive: true, strict: true });
  routes.use((req: Request, res: Response, next: NextFunction) => {
    if (!isOurs(req.path)) {
      next("router");
      return;
    }
    const refusal = takesAnyOrigin(req) ? hostRefusalOf(req, policy) : refusalOf(req, policy);
    if (refusal !== null) {
      res.status(403).json({ code: "not_permitted", message: refusal });
      return;
    }
    if (req.method === "OPTIONS") {
      res.writeHead(204, preflightHeaders(req, policy, "GET, POST")).end();
      return;
    }
    res.set({ "cache-control": "no-store", vary: "Origin", "x-content-type-options": "nosniff" });
    if (isOpen(req))
      res.set("access-control-allow-origin", "*").set("access-control-expose-headers", "WWW-Authenticate, Retry-After");
    else for (const [name, value] of Object.entries(corsHeaders(req))) res.set(name, String(value));
    next();
  });
  routes.use(router);
  return routes;
}

function isOurs(path: string): boolean {
  return /^\/\.well-known\/o(auth-|penid-)/.test(path) || path.startsWith("/mcp/oauth/");
}

/** Documents for everybody, and the token endpoint: neither knows a cookie. */
function isOpen({ path, method }: Request): boolean {
  if (method === "OPTIONS") return false;
  return path.startsWith("/.well-known/") || path === endpoints.jwks || path === endpoints.token;
}

/** Forms carry a token of their own, so that their origin need not be known. */
function takesAnyOrigin(req: Request): boolean {
  const isForm = req.method === "POST" && req.path.startsWith(`${interactionPath}/`);
  return isOpen(req) || (isForm && req.headers.origin === "null");
}
