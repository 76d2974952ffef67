import { createHash } from "node:crypto";
import type { ServerResponse } from "node:http";
import type { BrandConfig } from "../../config/config.ts";
import { Html, html } from "./html.ts";
import { styleOf } from "./style.ts";

/** One page, without what all of them have. */
export interface PageContent {
  /** In the tab: what this is about. */
  readonly title: string;
  readonly body: Html;
  /** Default 200. */
  readonly status?: number;
  /** Where its forms may lead, beside this gateway: sources of a Content-Security-Policy. Default nowhere. */
  readonly formActions?: readonly string[];
  /** `same-origin` for a page whose forms are taken from our own origin alone, which they then say. Default `no-referrer`. */
  readonly referrer?: "no-referrer" | "same-origin";
  /** Leaves for this URL by itself. */
  readonly refreshTo?: string;
}

/** Answers with a page. */
export type ShowPage = (res: ServerResponse, content: PageContent) => void;

/**
 * Pages in the brand of the API owner. Each is whole: no script, no file but the logo. Nothing may frame it, nobody learns where its
 * reader came from, and nothing keeps it.
 */
export function createPages({ name, logo, colour, supportUrl }: BrandConfig): ShowPage {
  const style = styleOf(colour);
  const styleHash = `'sha256-${createHash("sha256").update(style).digest("base64")}'`;
  const images = logo === undefined ? "'none'" : logo.startsWith("data:") ? "data:" : new URL(logo).origin;
  const mark =
    logo === undefined
      ? html`<span class="mark" aria-hidden="true">${[...name][0]?.toUpperCase() ?? ""}</span><span>${name}</span>`
      : html`<img src="${logo}" alt="${name}">`;
  const help = supportUrl === undefined ? "" : html` · <a href="${supportUrl}" rel="noreferrer">Get help</a>`;
  return (res, { title, body, status = 200, formActions = [], referrer = "no-referrer", refreshTo }) => {
    const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>${title} · ${name}</title>
${refreshTo !== undefined && html`<meta http-equiv="refresh" content="0;url=${refreshTo}">`}
<style>${new Html(style)}</style>
</head>
<body>
<main>
<div class="card">
<p class="brand">${mark}</p>
${body}
</div>
<footer><p>${name}${help}</p></footer>
</main>
</body>
</html>
`;
    res
      .writeHead(status, {
        "content-type": "text/html; charset=utf-8",
        "content-security-policy": [
          "default-src 'none'",
          `style-src ${styleHash}`,
          `img-src ${images}`,
          "base-uri 'none'",
          "frame-ancestors 'none'",
          `form-action ${["'self'", ...formActions].join(" ")}`,
        ].join("; "),
        "x-frame-options": "DENY",
        "x-content-type-options": "nosniff",
        "referrer-policy": referrer,
        "cache-control": "no-store",
      })
      .end(page.text);
  };
}
