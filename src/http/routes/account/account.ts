import express, { type NextFunction, type Request, type Response, type Router } from "express";
import type { IssuedKey } from "../../../auth/gatewayKeys.ts";
import { GatewayError } from "../../../errors.ts";
import type { Account } from "../../../oauth/account/account.ts";
import type { BrowserSession, BrowserSessions } from "../../../oauth/signIn/browserSession.ts";
import type { Logger } from "../../../telemetry/log.ts";
import { rotation } from "../admin/reading.ts";
import { assertRead, jsonFailure } from "../json.ts";
import { sessionOf } from "./browser.ts";
import { keyWish } from "./reading.ts";

export interface AccountRoutesOptions {
  readonly account: Account;
  readonly sessions: BrowserSessions;
  readonly log?: Pick<Logger, "error">;
}

const mostBodyBytes = 65_536;

/**
 * What `/account` is filled from, to be mounted at `/api/v1/account`: for browser sessions alone, with the token of the page for
 * everything that changes something. Errors are `{ code, message, next? }`.
 */
export function accountRouter(options: AccountRoutesOptions): Router {
  const { account, sessions } = options;
  const router = express.Router({ caseSensitive: true });
  router.use(async (req, res, next) => {
    res.locals.session = await sessionOf(req, sessions);
    next();
  });
  router.use(express.json({ limit: mostBodyBytes, strict: true }), assertRead);
  router.get("/", async (_req, res) => void res.json(await account.overview(whoIn(res))));
  router.get("/offer", async (req, res) => {
    const { organisation } = req.query;
    if (organisation !== undefined && typeof organisation !== "string")
      throw new GatewayError("invalid_arguments", "organisation stands twice; give it once");
    res.json(await account.offer(whoIn(res), organisation));
  });
  router.post("/keys", async (req, res) => {
    res.status(201).json(issuedBody(await account.create(whoIn(res), keyWish(req.body))));
  });
  router.post("/keys/:id/rotate", async (req, res) => {
    res.status(201).json(issuedBody(await account.rotate(whoIn(res), String(req.params.id), rotation(req.body))));
  });
  for (const kind of ["keys", "connections"])
    router.post(`/${kind}/:id/revoke`, async (req, res) => {
      await account.revoke(whoIn(res), String(req.params.id));
      res.status(204).end();
    });
  router.use(signOutWhenOver(sessions), jsonFailure({ mostBodyBytes, log: options.log }));
  return router;
}

function whoIn(res: Response): BrowserSession["who"] {
  return (res.locals.session as BrowserSession).who; // set by the first middleware
}

/** The one place and time where a key's text is shown. */
function issuedBody({ key, view }: IssuedKey): object {
  return { key: key.reveal(), ...view };
}

/** A session whose credential the API accepts no more is over. Express knows it by its four parameters. */
function signOutWhenOver(
  sessions: BrowserSessions,
): (thrown: unknown, req: Request, res: Response, next: NextFunction) => Promise<void> {
  return async (thrown, req, res, next) => {
    const isOver = thrown instanceof GatewayError && thrown.code === "unauthenticated";
    if (isOver) await sessions.signOut(req, res).catch(() => undefined); // it is refused as long as the API refuses it
    next(thrown);
  };
}
