import express, { type Response, type Router } from "express";
import type { OAuthConfig } from "../config/oauth.ts";
import { resourceMetadataPath } from "./paths.ts";
import type { ResourceMetadata } from "./port.ts";
import { providerScope } from "./resource/claims.ts";

/** A Surface that takes OAuth tokens. */
export interface OAuthSurface {
  readonly path: string;
  /** What people read: the brand's name for it. */
  readonly title: string;
}

export interface ResourceMetadataOptions {
  /** Origin of every URL of ours. */
  readonly publicUrl: () => string;
  /** Issuers of the tokens that are taken. */
  readonly authorizationServers: () => readonly string[];
  readonly surfaces: readonly OAuthSurface[];
  /** The least that is of use: what clients ask for at first. */
  readonly scopes: readonly string[];
}

/** The RFC 9728 document of the Surface at `path`, null for a Surface without OAuth. */
export function resourceMetadata(options: ResourceMetadataOptions, path: string): ResourceMetadata | null {
  const surface = options.surfaces.find((one) => one.path === path);
  if (surface === undefined) return null;
  return {
    resource: `${options.publicUrl()}${surface.path}`,
    authorization_servers: options.authorizationServers(),
    scopes_supported: options.scopes,
    bearer_methods_supported: ["header"],
    resource_name: surface.title,
  };
}

/** Where a challenge sends clients for it. */
function resourceMetadataUrl(publicUrl: string, path: string): string {
  return `${publicUrl}${resourceMetadataPath}${path}`;
}

/** What a Surface is to OAuth clients; the URLs are made when they are read, since they are known once the server listens. */
export interface SurfaceFacts {
  readonly resource: string;
  readonly metadataUrl: string;
  readonly scopes: readonly string[];
  readonly nameOf: (scope: string) => string;
}

export interface SurfaceFactsOptions {
  readonly config: OAuthConfig;
  readonly publicUrl: () => string;
  /** Scope to read, by our name. */
  readonly readScope: string;
}

/** {@link SurfaceFacts} of the Surface at `path`. */
export function surfaceFacts({ config, publicUrl, readScope }: SurfaceFactsOptions, path: string): SurfaceFacts {
  const map = config.mode === "resource" ? config.claims.map : undefined;
  const nameOf = (scope: string): string => providerScope(scope, map);
  return {
    get resource() {
      return `${publicUrl()}${path}`;
    },
    get metadataUrl() {
      return resourceMetadataUrl(publicUrl(), path);
    },
    scopes: [nameOf(readScope)],
    nameOf,
  };
}

/** What may be kept by anybody for a few minutes, and read by pages of any origin. */
export function publicDocument(res: Response): Response {
  return res.set({ "cache-control": "public, max-age=300", "access-control-allow-origin": "*" });
}

/** Serves the document of each Surface at its own path, and that of the first at the bare one. */
export function resourceMetadataRouter(options: ResourceMetadataOptions): Router {
  const router = express.Router({ caseSensitive: true, strict: true });
  const serve = (at: string, path: string): void =>
    void router.get(at, (_req, res) => void publicDocument(res).json(resourceMetadata(options, path)));
  const [first] = options.surfaces;
  if (first !== undefined) serve(resourceMetadataPath, first.path);
  for (const { path } of options.surfaces) serve(`${resourceMetadataPath}${path}`, path);
  return router;
}
