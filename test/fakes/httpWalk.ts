import { type HttpBrowser, hiddenField, openHttpBrowser, type Seen } from "./httpBrowser.ts";

/** What a person of the demo does on the pages without script: signs in at the provider and approves. */
export interface HttpWalk {
  /** Id at the provider. */
  readonly person: string;
  /** Ids. Absent: the page for what a connection may do in addition is answered. */
  readonly of?: { readonly organisation: string; readonly page: string };
  readonly scopes: readonly string[];
}

/** Walks from the authorization URL to where the client is sent, which is not asked unless it is on `localhost`. */
export async function httpWalk(
  url: string,
  { person, of, scopes }: HttpWalk,
  browser: HttpBrowser = openHttpBrowser(),
): Promise<Seen> {
  const start = await browser.get(url);
  const page = `${start.url.origin}${start.url.pathname}`;
  const leaving = await browser.post(`${page}/sign-in`, { csrf: hiddenField(start, "csrf"), with: "oidc" });
  const away = /http-equiv="refresh" content="0;url=([^"]+)"/.exec(leaving.text)?.[1]?.replaceAll("&#38;", "&") ?? "";
  const people = await browser.get(away);
  const landed = await browser.post(people.url, { person });
  const consent = of === undefined ? landed : await browser.get(`${page}?organisation=${of.organisation}`);
  return browser.post(`${page}/decision`, {
    csrf: hiddenField(consent, "csrf"),
    decision: "approve",
    organisation: hiddenField(consent, "organisation"),
    ...(of === undefined ? { extend: hiddenField(consent, "extend") } : { page: of.page }),
    scope: scopes,
  });
}
