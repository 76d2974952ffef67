import type { Surface } from "../../mcp/context.ts";
import { clientName, clientSetups } from "./clients.ts";

export interface PageOptions {
  /** `Beacon`. */
  readonly brand: string;
  /** The full URL of the endpoint: what a user gives to a client. */
  readonly url: string;
  /** Name of the header to show keys in. */
  readonly keyHeader: string;
  /** Where a user makes a key. */
  readonly keyPageUrl?: string;
  readonly supportUrl?: string;
}

/**
 * The page a browser gets at the endpoint and at `/`: what this is, and what to paste into which client. One self-contained
 * HTML document: no script, no outside file, nothing of any caller.
 */
export function setupPage(surface: Surface, options: PageOptions): string {
  const { brand, url, keyPageUrl, supportUrl } = options;
  const key =
    keyPageUrl === undefined
      ? "Use your API key where <code>KEY</code> stands."
      : `Use your API key where <code>KEY</code> stands; <a href="${html(keyPageUrl)}">make one here</a>.`;
  const setups = clientSetups({ name: clientName(surface.serverInfo.name), url, keyHeader: options.keyHeader });
  const help = supportUrl === undefined ? "" : ` <a href="${html(supportUrl)}">Help</a>.`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${html(brand)} for AI assistants</title>
<style>${style}</style>
</head>
<body>
<main>
<h1>${html(brand)} for AI assistants</h1>
<p>This is a <a href="https://modelcontextprotocol.io">Model Context Protocol</a> endpoint with ${surface.tools.length} tools.
Add its URL to your assistant:</p>
<pre class="url">${html(url)}</pre>
<p>${key}</p>
${setups.map(({ client, where, text }) => section(client, where, text)).join("\n")}
${section("Check a key", "200 means that the key is good.", keyCheck(options))}
<footer><a href="${html(`${new URL(url).pathname}/tools`)}">All tools as JSON</a> ·
<a href="${html(`${new URL(url).pathname}/health`)}">Health</a>.${help}</footer>
</main>
</body>
</html>
`;
}

function keyCheck({ url, keyHeader }: PageOptions): string {
  const header = keyHeader === "authorization" ? "Authorization: Bearer KEY" : `${keyHeader}: KEY`;
  return `curl -i -H "${header}" ${url}`;
}

function section(title: string, where: string, text: string): string {
  return `<section><h2>${html(title)}</h2><p>${html(where)}</p><pre>${html(text)}</pre></section>`;
}

/** Text as HTML text or attribute value. */
function html(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

const style = `
:root{color-scheme:light dark;--ink:#16202c;--soft:#5b6775;--line:#dfe4ea;--paper:#fff;--well:#f5f7f9;--link:#0a58ca}
@media(prefers-color-scheme:dark){:root{--ink:#e8edf2;--soft:#9aa7b5;--line:#2c3642;--paper:#12181f;--well:#1a222c;--link:#7fb0ff}}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.55 system-ui,-apple-system,"Segoe UI",sans-serif}
main{max-width:46rem;margin:0 auto;padding:3.5rem 1.25rem}
h1{font-size:1.75rem;line-height:1.2;margin:0 0 .75rem}
h2{font-size:1rem;margin:0}
section{margin-top:1.75rem}
section p{margin:.15rem 0 .5rem;color:var(--soft);font-size:.9rem}
pre{margin:0;padding:.8rem 1rem;overflow-x:auto;white-space:pre-wrap;overflow-wrap:anywhere;background:var(--well);border:1px solid var(--line);border-radius:8px;
font:13px/1.5 ui-monospace,"SF Mono",Menlo,Consolas,monospace}
pre.url{font-size:15px;font-weight:600}
code{font:.9em ui-monospace,Menlo,Consolas,monospace}
a{color:var(--link)}
footer{margin-top:2.5rem;padding-top:1rem;border-top:1px solid var(--line);color:var(--soft);font-size:.9rem}
`;
