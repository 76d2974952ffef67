import express, { type NextFunction, type Request, type RequestHandler, type Response, type Router } from "express";
import type { Failures } from "../../auth/failures.ts";
import type { Keys } from "../../auth/keys.ts";
import type { BrandConfig } from "../../config/config.ts";
import type { ConsentConfig } from "../../config/signIn.ts";
import { GatewayError, httpStatus } from "../../errors.ts";
import type { Logger } from "../../telemetry/log.ts";
import { Secret } from "../../telemetry/secret.ts";
import { interactionPath } from "../paths.ts";
import type { InteractionDetails, Interactions } from "../port.ts";
import { assertFormToken, type BrowserSession, type BrowserSessions, formToken } from "../signIn/browserSession.ts";
import type { OidcSignIn } from "../signIn/oidcSignIn.ts";
import { signedInByKey } from "../signIn/rights.ts";
import { approvalOf, ChoiceFault, upstreamGrantOf } from "./approve.ts";
import { type OfferOptions, offerOf } from "./offer.ts";
import { createPages, type PageContent } from "./page.ts";
import {
  consentPage,
  failurePage,
  leavingPage,
  organisationPage,
  type ShownOffer,
  startPage,
  type Ticked,
  type View,
} from "./views.ts";
import { groupsOf } from "./words.ts";

export interface InteractionOptions extends OfferOptions {
  readonly interactions: Interactions;
  readonly sessions: BrowserSessions;
  readonly brand: BrandConfig;
  /** Absent: nobody signs in at a provider. */
  readonly oidc?: OidcSignIn;
  /** Whether a pasted key signs in. */
  readonly keySignIn: boolean;
  /** Whether a key is made at the API for each Connection of somebody who signed in at the provider. */
  readonly mints: boolean;
  readonly consent: Pick<ConsentConfig, "words" | "pages">;
  /** Keys of the purpose `csrf`. */
  readonly csrfKeys: Keys;
  /** Counts keys that were refused. */
  readonly failures: Failures;
  /** The network to hold them against; undefined where that cannot be told. */
  readonly blamedFor: (req: Request) => string | undefined;
  readonly log?: Pick<Logger, "error" | "info" | "warn">;
}

/** Where the provider sends people back to; to be registered with it. No interaction has so short an id. */
export const signedInPath: string = `${interactionPath}/signed-in`;

/** A form with a thousand pages ticked is far below it. */
const mostFormBytes = 131_072;

/**
 * The pages between `authorize` and the code: start, sign-in, organisation, consent, and what went wrong. They work without script.
 * Nothing is changed by a GET, every POST carries a token that is good for this interaction and sign-in alone, and what a form says is
 * checked against the API once more. To be mounted at {@link interactionPath}; Host is to be checked before it.
 */
export function interactionRouter(options: InteractionOptions): Router {
  const router = express.Router({ caseSensitive: true });
  const show = createPages(options.brand);
  const form = express.urlencoded({ extended: false, limit: mostFormBytes, parameterLimit: 2_000 });
  router.get("/signed-in", async (req, res) => {
    if (options.oidc === undefined) throw new GatewayError("invalid_request", "there is no sign-in provider here");
    const { who, to } = await options.oidc.comeBack(req, res);
    await options.sessions.start(req, res, who);
    res.redirect(303, to);
  });
  router.get("/:uid", async (req, res) => show(res, await interactionPage(await visitOf(req, res, options), options)));
  router.post("/:uid/sign-in", ownPagesOnly, form, async (req, res) => {
    const visit = await visitOf(req, res, options);
    assertToken(visit, options);
    await signIn(visit, options, (content) => show(res, content));
  });
  router.post("/:uid/sign-out", ownPagesOnly, form, async (req, res) => {
    const visit = await visitOf(req, res, options);
    assertToken(visit, options);
    await options.sessions.signOut(req, res);
    res.redirect(303, `${pathOf(visit.details)}?again=1`);
  });
  router.post("/:uid/decision", ownPagesOnly, form, async (req, res) => {
    const visit = await visitOf(req, res, options);
    assertToken(visit, options);
    await decide(visit, options, (content) => show(res, content));
  });
  router.use(failure(options, show));
  return router;
}

/** One request of one browser about one interaction. */
interface Visit {
  readonly req: Request;
  readonly res: Response;
  readonly details: InteractionDetails;
  readonly session: BrowserSession | null;
}

async function visitOf(req: Request, res: Response, { interactions, sessions }: InteractionOptions): Promise<Visit> {
  const details = await interactions.details(req, res, String(req.params.uid));
  return { req, res, details, session: await sessions.of(req) };
}

function pathOf({ uid }: InteractionDetails): string {
  return `${interactionPath}/${uid}`;
}

/** What a form's token is made of: another interaction's, or one from before the sign-in, is worth nothing. */
function tokenFacts({ details, session }: Visit): readonly string[] {
  return ["interaction", details.uid, session?.id ?? ""];
}

function assertToken(visit: Visit, { csrfKeys }: InteractionOptions): void {
  assertFormToken(csrfKeys, fieldOf(visit.req, "csrf"), ...tokenFacts(visit));
}

function viewOf(visit: Visit, { brand, consent, csrfKeys }: InteractionOptions): View {
  return {
    brand: brand.name,
    details: visit.details,
    csrfToken: formToken(csrfKeys, ...tokenFacts(visit)),
    words: consent.words,
  };
}

function fieldOf(req: Request, name: string): string | undefined {
  const body: unknown = req.body;
  const value =
    typeof body === "object" && body !== null && Object.hasOwn(body, name) ? Reflect.get(body, name) : undefined;
  return typeof value === "string" ? value : undefined;
}

function fieldsOf(req: Request, name: string): readonly string[] {
  const body: unknown = req.body;
  const value = typeof body === "object" && body !== null && Object.hasOwn(body, name) ? Reflect.get(body, name) : [];
  return (Array.isArray(value) ? value : [value]).filter((one) => typeof one === "string");
}

async function interactionPage(visit: Visit, options: InteractionOptions, again?: Again): Promise<PageContent> {
  const { session, req } = visit;
  const view = { ...viewOf(visit, options), ...again };
  if (session === null) return startPage(view, waysOf(options, req.query.again === "1"));
  const query = (name: string): string | undefined =>
    typeof req.query[name] === "string" ? req.query[name] : undefined;
  const organisation = again?.organisation ?? query("organisation");
  try {
    // Whoever chooses an organisation wants another connection.
    const isNew = again?.isNew ?? (query("new") === "1" || organisation !== undefined);
    const known = isNew ? [] : await options.interactions.stepUpsOf(visit.details, session.who.user);
    const named = again?.extend ?? query("extend");
    const extended = known.find(({ id }) => id === named) ?? known[0] ?? null;
    const request = {
      details: visit.details,
      who: session.who,
      extended,
      ...(organisation !== undefined && { organisation }),
    };
    const offer = await offerOf(request, options);
    if ("choose" in offer) return organisationPage(view, offer.user, offer.choose);
    const others = known.filter(({ id }) => id !== offer.extended?.id);
    return consentFor(view, { ...offer, others }, options, again?.ticked);
  } catch (thrown) {
    if (!isOver(thrown)) throw thrown;
    await options.sessions.signOut(visit.req, visit.res);
    const signedOut = { ...visit, session: null };
    const problem = "Your sign-in is over. Sign in again.";
    return startPage({ ...viewOf(signedOut, options), problem }, waysOf(options, false));
  }
}

/** How a page is shown once more. */
interface Again {
  readonly problem: string;
  readonly status: number;
  readonly organisation?: string;
  readonly isNew?: boolean;
  /** Id of the Connection that was to be widened. */
  readonly extend?: string;
  readonly ticked?: Ticked;
}

function consentFor(view: View, offer: ShownOffer, { consent }: InteractionOptions, ticked?: Ticked): PageContent {
  const groups = groupsOf(offer.scopes, view);
  const pagesLabel = consent.pages?.label ?? "Pages";
  return consentPage(view, offer, { groups, pagesLabel, ...(ticked && { ticked }) });
}

function isOver(thrown: unknown): boolean {
  return thrown instanceof GatewayError && thrown.code === "unauthenticated";
}

function waysOf({ oidc, keySignIn }: InteractionOptions, again: boolean): Parameters<typeof startPage>[1] {
  return { key: keySignIn, again, ...(oidc && { oidc: oidc.name }) };
}

type Show = (content: PageContent) => void;

async function signIn(visit: Visit, options: InteractionOptions, show: Show): Promise<void> {
  const { req, res, details } = visit;
  const means = fieldOf(req, "with");
  if (means === "oidc" && options.oidc !== undefined) {
    show(leavingPage(await options.oidc.leave(res, pathOf(details), fieldOf(req, "again") === "1"), options.oidc.name));
    return;
  }
  if (means !== "key" || !options.keySignIn)
    throw new GatewayError("invalid_request", "there is no such way to sign in");
  const from = options.blamedFor(req);
  if (from !== undefined) options.failures.assertFew(from);
  const who = await signedInByKey(new Secret((fieldOf(req, "key") ?? "").trim()), options);
  if (who !== null) {
    await options.sessions.start(req, res, who);
    res.redirect(303, pathOf(details));
    return;
  }
  if (from !== undefined) options.failures.add(from);
  const problem =
    "This key is not valid: it is mistyped or cut off, was revoked, has expired, or belongs to another environment.";
  show(startPage({ ...viewOf({ ...visit, session: null }, options), problem, status: 401 }, waysOf(options, false)));
}

async function decide(visit: Visit, options: InteractionOptions, show: Show): Promise<void> {
  const { req, res, details, session } = visit;
  const decision = fieldOf(req, "decision");
  if (decision === "deny") {
    res.redirect(303, await options.interactions.deny(req, res, details.uid));
    return;
  }
  if (decision !== "approve" || session === null)
    throw new GatewayError("invalid_request", "the form says neither approve nor deny, or you are not signed in");
  const organisation = fieldOf(req, "organisation");
  const extend = fieldOf(req, "extend");
  const choices = { pages: fieldsOf(req, "page"), scopes: fieldsOf(req, "scope") };
  try {
    res.redirect(303, await approve(visit, session, { organisation, extend, choices }, options));
  } catch (thrown) {
    if (!(thrown instanceof ChoiceFault) && !isOver(thrown)) throw thrown;
    const problem = (thrown as Error).message;
    show(
      await interactionPage(visit, options, {
        problem,
        status: 400,
        isNew: extend === undefined,
        ticked: choices,
        ...(extend !== undefined && { extend }),
        ...(organisation !== undefined && { organisation }),
      }),
    );
  }
}

interface Decision {
  readonly organisation: string | undefined;
  /** Id of the Connection that the form was to widen; undefined: it was about a new one. */
  readonly extend: string | undefined;
  readonly choices: Ticked;
}

async function approve(
  { req, res, details }: Visit,
  session: BrowserSession,
  { organisation, extend, choices }: Decision,
  options: InteractionOptions,
): Promise<string> {
  const { interactions, accounts, log } = options;
  const known = extend === undefined ? [] : await interactions.stepUpsOf(details, session.who.user);
  const extended = known.find(({ id }) => id === extend) ?? null;
  if (extended?.id !== extend) throw cannotWiden();
  const request = { details, who: session.who, extended, ...(organisation !== undefined && { organisation }) };
  const offer = await offerOf(request, options);
  if ("choose" in offer) throw new GatewayError("invalid_request", "the form names no organisation");
  if (offer.extended?.id !== extended?.id) throw cannotWiden();
  const approval = approvalOf(choices, offer, details);
  const keyName = extended?.keyName ?? details.client.keyName;
  const upstream = await upstreamGrantOf({ by: session.who.by, offer, approval, keyName }, options);
  const { asking } = offer.rights;
  const unmade = (keyRef: string | undefined | null): void => {
    if (keyRef === undefined || keyRef === null || accounts.unmint === undefined) return;
    accounts.unmint(asking, keyRef).catch((thrown: unknown) => {
      log?.warn({ keyRef, err: thrown }, "a key that was made at the API for a connection is still there");
    });
  };
  try {
    const url = await interactions.approve(req, res, details.uid, { ...approval, upstream });
    // The wider key takes the place of the one before.
    if (upstream?.keyRef !== undefined) unmade(extended?.upstreamKeyRef);
    return url;
  } catch (thrown) {
    unmade(upstream?.keyRef);
    throw thrown;
  }
}

function cannotWiden(): GatewayError {
  return new GatewayError(
    "not_permitted",
    "the connection that was to be widened is not there any more, or not yours",
    {
      next: "Start again from the program that you want to connect.",
    },
  );
}

/**
 * Browsers say where a form was sent from. The token is what decides; this refuses a foreign page before anything is looked at.
 * https://developer.mozilla.org/docs/Web/HTTP/Headers/Sec-Fetch-Site
 */
const ownPagesOnly: RequestHandler = (req, _res, next) => {
  const site = req.headers["sec-fetch-site"];
  if (site === undefined || site === "same-origin" || site === "none") {
    next();
    return;
  }
  throw new GatewayError("not_permitted", "this form was sent from a page of another site", {
    next: "Start again from the program that you want to connect.",
  });
};

/** Express knows it by its four parameters. */
function failure(
  { log }: InteractionOptions,
  show: (res: Response, content: PageContent) => void,
): (thrown: unknown, req: Request, res: Response, next: NextFunction) => void {
  return (thrown, _req, res, next) => {
    if (res.headersSent) {
      next(thrown);
      return;
    }
    const error = errorOf(thrown);
    const { next: advice, retryAfterSeconds, status, cause } = error.facts;
    if (error.code === "internal") log?.error({ err: cause }, "a page of sign-in failed");
    else if (cause !== undefined) log?.info({ err: cause, code: error.code }, "a page of sign-in could not be served");
    if (retryAfterSeconds !== undefined) res.set("retry-after", String(retryAfterSeconds));
    show(res, failurePage(status ?? httpStatus[error.code], error.message, advice));
  };
}

/** What the form parser throws has a status, and a text that may repeat the form. */
function errorOf(thrown: unknown): GatewayError {
  const status = typeof thrown === "object" && thrown !== null && "status" in thrown ? thrown.status : undefined;
  if (typeof status === "number" && status >= 400 && status < 500)
    return new GatewayError("invalid_request", "the form could not be read", { status });
  return GatewayError.from(thrown);
}
