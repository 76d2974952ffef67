import express, { type Request, type Router } from "express";
import { GatewayError } from "../../../errors.ts";
import type { HostedMcp, HostedMcpSetting } from "../../../oauth/hostedMcp.ts";
import type { OAuth } from "../../../oauth/port.ts";
import type { BrowserSession, BrowserSessions } from "../../../oauth/signIn/browserSession.ts";
import type { Logger } from "../../../telemetry/log.ts";
import { adminSessionOf } from "../account/browser.ts";
import { assertRead, jsonFailure } from "../json.ts";

export interface HostedMcpRoutesOptions {
  readonly hosted: HostedMcp;
  readonly sessions: BrowserSessions;
  readonly oauth: Pick<OAuth, "connections" | "revokeConnection">;
  /** Of each Surface that takes tokens. */
  readonly resources: () => readonly HostedResource[];
  /** Names of the headers that carry keys, lower case. */
  readonly credentialHeaders: readonly string[];
  readonly log?: Pick<Logger, "error">;
}

/** What an administrator gives to users: what their clients connect to. */
export interface HostedResource {
  readonly title: string;
  /** The exact URL of the endpoint. */
  readonly url: string;
  readonly metadataUrl: string;
}

const mostBodyBytes = 4_096;

/**
 * Settings of hosted MCP, to be mounted at `/api/v1/admin/hosted-mcp` ahead of the admin API: for a browser session with the admin role
 * and the token of its page, never for programs (oauth.md §2). A request with a key or the admin token is 403, whatever it carries besides.
 */
export function hostedMcpRouter(options: HostedMcpRoutesOptions): Router {
  const { hosted, oauth, sessions } = options;
  const router = express.Router({ caseSensitive: true });
  router.use(async (req, res, next) => {
    assertNoCredential(req, options.credentialHeaders);
    res.locals.session = await adminSessionOf(req, sessions);
    next();
  });
  router.use(express.json({ limit: mostBodyBytes, strict: true }), assertRead);
  const shown = ({ isOn, changedBy, changedAt }: HostedMcpSetting): object => ({
    enabled: isOn,
    changedBy,
    changedAt,
    resources: options.resources(),
  });
  router.get("/settings", async (_req, res) => void res.json(shown(await hosted.setting())));
  router.put("/settings", async (req, res) => {
    const { who } = res.locals.session as BrowserSession; // set by the first middleware
    res.json(shown(await hosted.turn(wantedOn(req.body), who.user.id)));
  });
  router.post("/connections/:id/revoke", async (req, res) => {
    const id = String(req.params.id);
    if ((await oauth.connections?.get(id)) == null) throw unknownConnection(id);
    // Asked again, nothing changes: it is over either way.
    const { who } = res.locals.session as BrowserSession; // set by the first middleware
    await oauth.revokeConnection(id, { kind: "user", id: who.user.id });
    res.json(await oauth.connections?.get(id));
  });
  for (const [route, allow] of [
    ["/settings", "GET, HEAD, PUT"],
    ["/connections/:id/revoke", "POST"],
  ] as const)
    router.all(route, (_req, res) => {
      const message = `Method not allowed; use ${allow.replace(", HEAD", "").replace(", ", " or ")}.`;
      res.status(405).set("allow", allow).json({ code: "invalid_request", message });
    });
  router.use(jsonFailure({ mostBodyBytes, log: options.log }));
  return router;
}

function assertNoCredential(req: Request, headers: readonly string[]): void {
  if (![...headers, "authorization", "x-api-key"].some((name) => req.headers[name] !== undefined)) return;
  throw new GatewayError(
    "not_permitted",
    "this is for the admin page in a browser; keys and tokens are not taken here",
    {
      next: "Sign in at /admin.",
    },
  );
}

function wantedOn(body: unknown): boolean {
  const isObject = typeof body === "object" && body !== null;
  if (isObject && "enabled" in body && typeof body.enabled === "boolean" && Object.keys(body).length === 1)
    return body.enabled;
  throw new GatewayError("invalid_arguments", 'the body must be {"enabled": true} or {"enabled": false}');
}

function unknownConnection(id: string): GatewayError {
  return new GatewayError("unknown_resource", `there is no connection ${JSON.stringify(id.slice(0, 64))}`, {
    next: "Load the page again to see those there are.",
  });
}
