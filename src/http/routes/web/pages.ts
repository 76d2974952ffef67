import { createHash } from "node:crypto";
import express, { type NextFunction, type Request, type Response, type Router } from "express";
import type { BrandConfig, ScopesConfig } from "../../../config/config.ts";
import { GatewayError, httpStatus } from "../../../errors.ts";
import { signInPath, signOutPath } from "../../../oauth/account/signInRouter.ts";
import { Html, html } from "../../../oauth/interaction/html.ts";
import { createPages } from "../../../oauth/interaction/page.ts";
import { accentOf } from "../../../oauth/interaction/style.ts";
import { failurePage } from "../../../oauth/interaction/views.ts";
import type { BrowserSession, BrowserSessions } from "../../../oauth/signIn/browserSession.ts";
import type { Logger } from "../../../telemetry/log.ts";
import { readWebAssets, type WebAssets } from "./assets.ts";

export interface WebPagesOptions {
  readonly brand: BrandConfig;
  readonly scopes: ScopesConfig;
  readonly sessions: BrowserSessions;
  /** What users connect to: the URL of the first Surface, and the header that keys travel in. */
  readonly endpoint: () => { readonly url: string; readonly keyHeader: string };
  readonly log?: Pick<Logger, "error">;
  /** Default: those of this program. */
  readonly assets?: () => WebAssets;
}

/** What a page knows when it is opened; `web/page.ts` reads it. */
export interface PageFacts {
  readonly page: "account" | "admin";
  readonly brand: Pick<BrandConfig, "name" | "logo" | "supportUrl">;
  readonly user: { readonly id: string; readonly name?: string };
  readonly isAdmin: boolean;
  readonly csrfToken: string;
  readonly signOutPath: string;
  readonly signInPath: string;
  readonly endpoint: { readonly url: string; readonly keyHeader: string };
  /** Scopes of the Effects, by which a set of them is named. */
  readonly scopes: ScopesConfig["effects"];
}

export const assetsPath = "/account/assets";

/**
 * `/account` for everybody who is signed in, `/admin` for those with the admin role, and the files that both load. Whoever is not signed
 * in is sent to do so. To be mounted at the root; Host is to be checked before it.
 */
export function webPages(options: WebPagesOptions): Router {
  const { sessions } = options;
  let known: WebAssets | undefined;
  const assets = (): WebAssets => {
    known ??= (options.assets ?? readWebAssets)();
    return known;
  };
  const router = express.Router({ caseSensitive: true });
  const show = createPages(options.brand);
  router.get(`${assetsPath}/:name`, (req, res, next) => {
    const file = assets().files.get(String(req.params.name));
    if (file === undefined) {
      next();
      return;
    }
    // The name changes with what is in it.
    res.set({ "content-type": file.type, "cache-control": "public, max-age=31536000, immutable" }).send(file.bytes);
  });
  for (const page of ["account", "admin"] as const)
    router.get(`/${page}`, async (req, res) => {
      const session = await sessions.of(req);
      if (session === null) {
        res.redirect(303, `${signInPath}?to=${encodeURIComponent(`/${page}`)}`);
        return;
      }
      if (page === "admin" && !session.who.isAdmin) {
        show(res, forbiddenPage(session));
        return;
      }
      send(res, documentOf(page, session, { ...options, assets }), options.brand);
    });
  router.use(["/account", "/admin"], failure(options, show));
  return router;
}

function forbiddenPage({ who: { user } }: BrowserSession): Parameters<ReturnType<typeof createPages>>[1] {
  return {
    title: "For administrators",
    status: 403,
    body: html`<h1>This page is for administrators</h1>
<p class="lead">You are signed in as ${user.name ?? user.id}, and this account is not one.</p>
<div class="buttons"><a class="button" href="/account">Your account</a><a class="button" href="${signInPath}?to=/admin&again=1">Switch account</a></div>`,
  };
}

function documentOf(
  page: PageFacts["page"],
  { who, csrfToken }: BrowserSession,
  { brand, scopes, endpoint, assets }: WebPagesOptions & { readonly assets: () => WebAssets },
): string {
  const { name, logo, colour, supportUrl } = brand;
  const { script, styles } = assets();
  const facts: PageFacts = {
    page,
    brand: { name, ...(logo !== undefined && { logo }), ...(supportUrl !== undefined && { supportUrl }) },
    user: who.user,
    isAdmin: who.isAdmin,
    csrfToken,
    signInPath,
    signOutPath,
    endpoint: endpoint(),
    scopes: scopes.effects,
  };
  const title = page === "admin" ? "Administration" : "Your account";
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>${title} · ${name}</title>
<link rel="icon" href="${logo ?? iconOf(name, colour)}">
<style>${new Html(accentOf(colour))}</style>
${styles.map((file) => html`<link rel="stylesheet" href="${assetsPath}/${file}">`)}
<script type="module" src="${assetsPath}/${script}"></script>
</head>
<body>
<div id="app" data-facts="${JSON.stringify(facts)}"></div>
<noscript><p>This page needs JavaScript. The pages on which you approve a connection do not.</p></noscript>
</body>
</html>
`.text;
}

/** The first letter on the brand's colour. */
function iconOf(name: string, colour: string | undefined): string {
  const [, back = "", front = ""] = /--accent:([^;]+);--on-accent:([^}]+)/.exec(accentOf(colour)) ?? [];
  const letter = html`${[...name][0]?.toUpperCase() ?? ""}`.text;
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="8" fill="${back}"/><text x="16" y="23" font-family="sans-serif" font-weight="700" font-size="19" text-anchor="middle" fill="${front}">${letter}</text></svg>`;
  return `data:image/svg+xml,${encodeURIComponent(svg)}`;
}

function send(res: Response, text: string, { logo, colour }: BrandConfig): void {
  const styleHash = createHash("sha256").update(accentOf(colour)).digest("base64");
  const images = logo === undefined || logo.startsWith("data:") ? "data:" : new URL(logo).origin;
  res
    .writeHead(200, {
      "content-type": "text/html; charset=utf-8",
      "content-security-policy": [
        "default-src 'none'",
        "script-src 'self'",
        `style-src 'self' 'sha256-${styleHash}'`,
        "connect-src 'self'",
        `img-src ${images}`,
        "base-uri 'none'",
        "frame-ancestors 'none'",
        "form-action 'self'",
      ].join("; "),
      "x-frame-options": "DENY",
      "x-content-type-options": "nosniff",
      "referrer-policy": "same-origin",
      "cache-control": "no-store",
    })
    .end(text);
}

/** Express knows it by its four parameters. */
function failure(
  { log }: WebPagesOptions,
  show: ReturnType<typeof createPages>,
): (thrown: unknown, req: Request, res: Response, next: NextFunction) => void {
  return (thrown, _req, res, next) => {
    if (res.headersSent) {
      next(thrown);
      return;
    }
    const { code, message, facts } = GatewayError.from(thrown);
    if (code === "internal") log?.error({ err: facts.cause ?? thrown }, "a page failed");
    if (facts.retryAfterSeconds !== undefined) res.set("retry-after", String(facts.retryAfterSeconds));
    show(res, failurePage(facts.status ?? httpStatus[code], message, facts.next));
  };
}
