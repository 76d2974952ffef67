import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import express from "express";
import { type AuthenticateOptions, createAuthenticate } from "../../src/auth/authenticate.ts";
import { deriveKeys } from "../../src/auth/keys.ts";
import { authorizing, createAuthorize } from "../../src/calls/authorize.ts";
import { applyInterceptors, type HandTool } from "../../src/calls/call.ts";
import type { ScopesConfig } from "../../src/config/config.ts";
import { type AppOptions, createApp } from "../../src/http/app.ts";
import type { AuthenticateAt } from "../../src/http/authenticateAt.ts";
import { edgePolicy } from "../../src/http/edge.ts";
import { createMcpListener, type McpListener, type McpListenerOptions } from "../../src/http/mcp/listener.ts";
import { setupPage } from "../../src/http/routes/page.ts";
import { createHttpServer, type HttpServer, type ServerLimits } from "../../src/http/server.ts";
import type { Sessions } from "../../src/session/port.ts";
import { createMemorySessions } from "../../src/session/sessions.memory.ts";
import type { SurfaceOAuth } from "../../src/surfaces/surface.ts";
import { createTypedSurface } from "../../src/surfaces/typed.ts";
import { Secret } from "../../src/telemetry/secret.ts";
import { type Widgets, widgetTools } from "./handTools.ts";

export const scopes: ScopesConfig = {
  effects: { read: "mcp.read", write: "mcp.write", destroy: "mcp.delete" },
  hierarchy: { "mcp.delete": ["mcp.write"], "mcp.write": ["mcp.read"] },
};

/** Our own server, or the listener mounted in somebody's Express app. */
export type Placement = "server" | "express";

export interface GatewayOptions extends Partial<Omit<McpListenerOptions, "surfaces" | "edge">> {
  readonly placement?: Placement;
  readonly tools?: readonly HandTool[];
  readonly auth?: Partial<AuthenticateOptions>;
  readonly allowedOrigins?: readonly string[];
  readonly app?: Partial<AppOptions>;
  readonly limits?: Partial<ServerLimits>;
  readonly pageSize?: number;
  readonly paths?: readonly string[];
  /** What the first Surface is to OAuth clients. */
  readonly oauth?: SurfaceOAuth;
}

export interface Gateway {
  readonly origin: string;
  readonly url: string;
  readonly port: number;
  readonly mcp: McpListener;
  readonly http: HttpServer | undefined;
  readonly sessions: Sessions;
  readonly widgets: Widgets;
  readonly close: () => Promise<void>;
}

/** A gateway over Tools written by hand, on a free port of the loopback address. */
export async function startGateway(options: GatewayOptions = {}): Promise<Gateway> {
  const {
    placement = "server",
    tools,
    auth,
    allowedOrigins = [],
    app,
    limits,
    pageSize,
    paths = ["/mcp"],
    oauth,
    ...rest
  } = options;
  const widgets = widgetTools();
  const secrets = [new Secret("a secret of the tests")];
  const credentialHeaders = ["x-api-key", "authorization"];
  const known = createAuthenticate({
    headers: credentialHeaders,
    required: true,
    keys: deriveKeys(secrets, "principal"),
    ...auth,
  });
  const authenticate: AuthenticateAt = (surface, rawHeaders, from) => known(rawHeaders, from, surface.oauth?.resource);
  const sessions = options.sessions ?? createMemorySessions();
  const edge = edgePolicy({ host: "127.0.0.1", allowedHosts: [], allowedOrigins, credentialHeaders });
  const surfaces = paths.map((path, index) => ({
    ...createTypedSurface({
      name: path.slice(1),
      path,
      serverInfo: { name: "widgets", version: "1.2.3" },
      instructions: "Ask before you delete.",
      tools: tools ?? widgets.tools,
      permits: createAuthorize(scopes),
      run: applyInterceptors([authorizing(scopes)], (call) => (call.tool as HandTool).run(call)),
      ...(pageSize === undefined ? {} : { pageSize }),
    }),
    ...(oauth !== undefined && index === 0 && { oauth }),
  }));
  const mcp = createMcpListener({
    surfaces,
    authenticate,
    sessions,
    secrets,
    edge,
    credentialHeaders,
    page: (surface) => setupPage(surface, { brand: "Widgets", url: "http://localhost/mcp", keyHeader: "x-api-key" }),
    ...rest,
  });
  const routes = createApp({
    surfaces,
    authenticate,
    edge,
    credentialHeaders,
    anonymousTools: "names",
    health: async (surface) => ({
      status: "ok",
      version: surface.serverInfo.version,
      tools: surface.tools.length,
      sessions: await sessions.count(),
      upstream: "ok",
      store: "ok",
    }),
    ready: async () => "ready",
    page: (surface) => setupPage(surface, { brand: "Widgets", url: "http://localhost/mcp", keyHeader: "x-api-key" }),
    ...app,
  });
  const http =
    placement === "server"
      ? createHttpServer({ mcp, app: routes, ...(limits === undefined ? {} : { limits }) })
      : undefined;
  const server =
    http?.server ??
    createServer(
      { maxHeaderSize: 16_384 },
      express()
        .use(paths[0] as string, mcp.listener)
        .use(express.json())
        .use(routes),
    );
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const origin = `http://127.0.0.1:${port}`;
  return {
    origin,
    url: origin + paths[0],
    port,
    mcp,
    http,
    sessions,
    widgets,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await sessions.close();
    },
  };
}
