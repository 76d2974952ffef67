import { randomBytes } from "node:crypto";
import express, { type NextFunction, type Request, type Response, type Router } from "express";
import type { Failures } from "../../auth/failures.ts";
import type { Keys } from "../../auth/keys.ts";
import type { BrandConfig } from "../../config/config.ts";
import { GatewayError, httpStatus } from "../../errors.ts";
import type { Logger } from "../../telemetry/log.ts";
import { Secret } from "../../telemetry/secret.ts";
import { html } from "../interaction/html.ts";
import { createPages, type PageContent, type ShowPage } from "../interaction/page.ts";
import { failurePage, leavingPage } from "../interaction/views.ts";
import { assertFormToken, type BrowserSessions, formToken } from "../signIn/browserSession.ts";
import { readCookie, setCookie } from "../signIn/cookies.ts";
import type { OidcSignIn } from "../signIn/oidcSignIn.ts";
import { type RightsOptions, signedInByKey } from "../signIn/rights.ts";

export interface SignInRouterOptions extends RightsOptions {
  readonly sessions: BrowserSessions;
  readonly brand: BrandConfig;
  /** Absent: nobody signs in at a provider. */
  readonly oidc?: OidcSignIn;
  /** Whether a pasted key signs in. */
  readonly keySignIn: boolean;
  /** Keys of the purpose `csrf`. */
  readonly csrfKeys: Keys;
  /** Counts keys that were refused. */
  readonly failures: Failures;
  /** The network to hold them against; undefined where that cannot be told. */
  readonly blamedFor: (req: Request) => string | undefined;
  readonly log?: Pick<Logger, "error" | "info">;
}

/** Where people sign in to the pages of the gateway itself; `?to=/admin` says where they go on to. */
export const signInPath = "/account/sign-in";
export const signOutPath = "/account/sign-out";

/** Where a sign-in may lead to: nowhere else, whatever the link said. */
const destinations = ["/account", "/admin"] as const;
const cookieName = "__Host-mcp_form";
const formSeconds = 3_600;
const mostFormBytes = 8_192;

/**
 * Sign-in and sign-out for `/account` and `/admin`, without a program that asks. As with those, a sign-in at the provider begins with
 * a POST of a page that this browser was shown. Host and Origin are to be checked before it.
 */
export function signInRouter(options: SignInRouterOptions): Router {
  const { sessions, csrfKeys } = options;
  const router = express.Router({ caseSensitive: true });
  const show = createPages(options.brand);
  const form = express.urlencoded({ extended: false, limit: mostFormBytes });
  router.get(signInPath, async (req, res) => {
    const to = destinationOf(req.query.to);
    const isSwitching = req.query.again === "1";
    if (!isSwitching && (await sessions.of(req)) !== null) {
      res.redirect(303, to);
      return;
    }
    show(res, signInPage(options, { to, csrfToken: tokenFor(req, res, csrfKeys), isSwitching }));
  });
  router.post(signInPath, form, async (req, res) => {
    const mark = readCookie(req, cookieName);
    assertFormToken(csrfKeys, mark === null ? null : fieldOf(req, "csrf"), "sign-in", mark ?? "");
    await signIn(req, res, options, show);
  });
  router.post(signOutPath, form, async (req, res) => {
    sessions.assertCsrf(req, fieldOf(req, "csrf"));
    await sessions.signOut(req, res);
    res.redirect(303, `${signInPath}?again=1`);
  });
  router.use([signInPath, signOutPath], failure(options, show));
  return router;
}

function destinationOf(given: unknown): string {
  return destinations.find((one) => one === given) ?? "/account";
}

/** Of a browser that is not signed in: made of a mark that it keeps. */
function tokenFor(req: Request, res: Response, csrfKeys: Keys): string {
  const known = readCookie(req, cookieName);
  const mark = known ?? randomBytes(32).toString("base64url");
  if (known === null) setCookie(res, cookieName, mark, formSeconds);
  return formToken(csrfKeys, "sign-in", mark);
}

function fieldOf(req: Request, name: string): string | undefined {
  const body: unknown = req.body;
  const value = typeof body === "object" && body !== null && Object.hasOwn(body, name) ? Reflect.get(body, name) : "";
  return typeof value === "string" ? value : undefined;
}

interface SignInView {
  readonly to: string;
  readonly csrfToken: string;
  /** Asks the provider for a sign-in even where it remembers one. */
  readonly isSwitching: boolean;
  readonly problem?: string;
}

function signInPage(
  { brand: { name }, oidc, keySignIn }: SignInRouterOptions,
  { to, csrfToken, isSwitching, problem }: SignInView,
): PageContent {
  const hidden = html`<input type="hidden" name="csrf" value="${csrfToken}"><input type="hidden" name="to" value="${to}">`;
  // Administrators are known by their provider alone.
  const byKey = keySignIn && (to !== "/admin" || oidc === undefined);
  const again = isSwitching && html`<input type="hidden" name="again" value="1">`;
  return {
    title: "Sign in",
    status: problem === undefined ? 200 : 401,
    referrer: "same-origin",
    body: html`<h1>Sign in to ${name}</h1>
<p class="lead">${to === "/admin" ? "To manage keys and connections of everybody, and to read the audit log." : "To see and manage your API keys, and the assistants that are connected for you."}</p>
${problem !== undefined && html`<div class="box bad" role="alert"><p>${problem}</p></div>`}
${oidc !== undefined && html`<form method="post" action="${signInPath}">${hidden}${again}<button class="main" name="with" value="oidc">Continue with ${oidc.name}</button></form>`}
${oidc !== undefined && byKey && html`<div class="or">or</div>`}
${
  byKey &&
  html`<form method="post" action="${signInPath}">${hidden}
<label class="field" for="key">${name} API key</label>
<input id="key" name="key" type="password" autocomplete="off" spellcheck="false" autocapitalize="off" required maxlength="1024" aria-describedby="key-note">
<p class="note" id="key-note">It is checked with ${name}, and kept encrypted for as long as you are signed in. You can do here what it may do.</p>
<button${oidc === undefined && html` class="main"`} name="with" value="key">Continue with this key</button></form>`
}`,
  };
}

async function signIn(req: Request, res: Response, options: SignInRouterOptions, show: ShowPage): Promise<void> {
  const { oidc, keySignIn, sessions, failures, csrfKeys } = options;
  const to = destinationOf(fieldOf(req, "to"));
  const means = fieldOf(req, "with");
  if (means === "oidc" && oidc !== undefined) {
    show(res, leavingPage(await oidc.leave(res, to, fieldOf(req, "again") === "1"), oidc.name));
    return;
  }
  if (means !== "key" || !keySignIn) throw new GatewayError("invalid_request", "there is no such way to sign in");
  const from = options.blamedFor(req);
  if (from !== undefined) failures.assertFew(from);
  const who = await signedInByKey(new Secret((fieldOf(req, "key") ?? "").trim()), options);
  if (who !== null) {
    await sessions.start(req, res, who);
    res.redirect(303, to);
    return;
  }
  if (from !== undefined) failures.add(from);
  const problem =
    "This key is not valid: it is mistyped or cut off, was revoked, has expired, or belongs to another environment.";
  show(res, signInPage(options, { to, csrfToken: tokenFor(req, res, csrfKeys), isSwitching: false, problem }));
}

/** Express knows it by its four parameters. */
function failure(
  { log }: SignInRouterOptions,
  show: ShowPage,
): (thrown: unknown, req: Request, res: Response, next: NextFunction) => void {
  return (thrown, _req, res, next) => {
    if (res.headersSent) {
      next(thrown);
      return;
    }
    const { code, message, facts } = errorOf(thrown);
    if (code === "internal") log?.error({ err: facts.cause }, "a page of sign-in failed");
    else if (facts.cause !== undefined) log?.info({ err: facts.cause, code }, "a page of sign-in could not be served");
    if (facts.retryAfterSeconds !== undefined) res.set("retry-after", String(facts.retryAfterSeconds));
    show(res, failurePage(facts.status ?? httpStatus[code], message, facts.next));
  };
}

/** What the form parser throws has a status, and a text that may repeat the form. */
function errorOf(thrown: unknown): GatewayError {
  const status = typeof thrown === "object" && thrown !== null && "status" in thrown ? thrown.status : undefined;
  if (typeof status === "number" && status >= 400 && status < 500)
    return new GatewayError("invalid_request", "the form could not be read", { status });
  return GatewayError.from(thrown);
}
