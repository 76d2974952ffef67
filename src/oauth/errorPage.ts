export interface ErrorPage {
  /** Name of the brand. */
  readonly brand: string;
  readonly supportUrl?: string;
}

/** What went wrong with an authorization, in the words of OAuth. */
export interface AuthorizationFault {
  readonly error: string;
  readonly error_description?: string | undefined;
}

/** Headers of {@link errorPage}. */
export const errorPageHeaders: Readonly<Record<string, string>> = {
  "content-security-policy":
    "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
  "cache-control": "no-store",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
};

/**
 * The page of an authorization that cannot go on and must not lead back to the client: its redirect URI is not to be trusted, or the
 * interaction is over. Nothing of the request but the error's own words is on it.
 */
export function errorPage({ error, error_description: description }: AuthorizationFault, page: ErrorPage): string {
  const { what, next } = told[error] ?? {
    what: "The connection could not be made.",
    next: "Start again from your assistant.",
  };
  const help = page.supportUrl === undefined ? "" : `<p><a href="${html(page.supportUrl)}">Help</a></p>`;
  const detail = description === undefined ? "" : `: ${html(description)}`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${html(page.brand)}: not connected</title>
<style>${style}</style>
</head>
<body>
<main>
<h1>Not connected to ${html(page.brand)}</h1>
<p>${what} ${next}</p>
<p class="detail"><code>${html(error)}</code>${detail}</p>
${help}
</main>
</body>
</html>
`;
}

const told: Readonly<Record<string, { readonly what: string; readonly next: string }>> = {
  invalid_client: {
    what: "The application that sent you here is not known, or could not be checked.",
    next: "Remove the connection in it and add it again.",
  },
  invalid_client_metadata: {
    what: "The application that sent you here describes itself in a way that is not allowed.",
    next: "Tell its maker.",
  },
  invalid_redirect_uri: {
    what: "The application asked to be answered at an address that it is not registered with.",
    next: "Do not go on if you did not start this yourself.",
  },
  temporarily_unavailable: { what: "This is not possible at the moment.", next: "Try again in a minute." },
};

function html(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

const style = `
:root{color-scheme:light dark;--ink:#16202c;--soft:#5b6775;--paper:#fff}
@media(prefers-color-scheme:dark){:root{--ink:#e8edf2;--soft:#9aa7b5;--paper:#12181f}}
body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.55 system-ui,-apple-system,"Segoe UI",sans-serif}
main{max-width:36rem;margin:0 auto;padding:4rem 1.25rem}
h1{font-size:1.5rem;line-height:1.2}
.detail{color:var(--soft);font-size:.9rem;overflow-wrap:anywhere}
`;
