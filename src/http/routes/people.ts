import express, { type Router } from "express";
import { type AccountRoutesOptions, accountRouter } from "./account/account.ts";
import { type HostedMcpRoutesOptions, hostedMcpRouter } from "./admin/hostedMcp.ts";
import { type WebPagesOptions, webPages } from "./web/pages.ts";

export interface PeopleOptions extends AccountRoutesOptions, HostedMcpRoutesOptions, WebPagesOptions {
  /** Sign-in and sign-out; it answers at paths of its own. */
  readonly signIn: Router;
}

/**
 * Everything for people in browsers but the pages of OAuth: sign-in, `/account`, `/admin`, and what those two are filled from that the
 * admin API does not have. To be mounted at the root, ahead of the admin API; Host and Origin are to be checked before it.
 */
export function peopleRouter(options: PeopleOptions): Router {
  const router = express.Router({ caseSensitive: true });
  router.use(options.signIn);
  router.use("/api/v1/account", accountRouter(options));
  router.use("/api/v1/admin/hosted-mcp", hostedMcpRouter(options));
  router.use(webPages(options));
  return router;
}
