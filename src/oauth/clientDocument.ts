import { GatewayError } from "../errors.ts";
import { type FetchedAnswer, safeFetchAnswer } from "../safeFetch.ts";
import { servedMetadata } from "./clientMetadata.ts";

/** Gets a client id metadata document. Throws where it cannot be had. */
export type FetchDocument = (url: string) => Promise<FetchedAnswer>;

export interface DocumentFetchOptions {
  /** Default: `safeFetch` with the trust of a document: https, public addresses, 5 KB, 2.5 s. */
  readonly fetch?: FetchDocument;
  /** Milliseconds since the epoch; for tests. Default `Date.now`. */
  readonly now?: () => number;
}

const maxBytes = 5 * 1024;
/** How long a document that cannot be had is not asked for again. The library asks twice per request and remembers no failure. */
const failedMs = 60_000;
/** How long one that was had stays here: the library keeps good ones longer, and asks twice for those it refuses. */
const hadMs = 30_000;
const mostUrls = 1_000;

/**
 * The `fetch` that the authorization server gets. It reaches nothing but metadata documents and keys of clients, whatever its
 * caller asks for: a GET without credentials that follows nothing. The signal and dispatcher of the caller are not heeded, since ours
 * checks addresses before it connects.
 */
export function createDocumentFetch({
  fetch = fetchDocument,
  now = Date.now,
}: DocumentFetchOptions): (url: string | URL) => Promise<Response> {
  const known = new Map<string, { readonly answer: Promise<FetchedAnswer>; until: number }>();
  const ask = (url: string): Promise<FetchedAnswer> => {
    const entry = { answer: fetch(url), until: now() + hadMs };
    entry.answer.catch(() => {
      entry.until = now() + failedMs;
    });
    known.delete(url);
    known.set(url, entry);
    const oldest = known.keys().next();
    if (known.size > mostUrls && oldest.done !== true) known.delete(oldest.value);
    return entry.answer;
  };
  return async (given) => {
    const url = String(given);
    const entry = known.get(url);
    const { body, headers } = await (entry !== undefined && entry.until > now() ? entry.answer : ask(url));
    return new Response(servedDocument(body), { status: 200, headers: keptHeaders(headers) });
  };
}

async function fetchDocument(url: string): Promise<FetchedAnswer> {
  const answer = await safeFetchAnswer(url, { trust: "document", maxBytes, headers: { accept: "application/json" } });
  if (/\bjson\b/i.test(answer.headers["content-type"] ?? "")) return answer;
  throw new GatewayError("invalid_request", "a client's metadata document is not JSON");
}

/** The document as far as it can be served; what is no JSON object stays, to be refused as such. */
function servedDocument(body: Uint8Array): string {
  const text = Buffer.from(body).toString("utf8");
  try {
    const document: unknown = JSON.parse(text);
    const isObject = typeof document === "object" && document !== null && !Array.isArray(document);
    return isObject ? JSON.stringify(servedMetadata(document)) : text;
  } catch {
    return text;
  }
}

/** What says how long it may be kept. */
function keptHeaders(headers: FetchedAnswer["headers"]): Record<string, string> {
  const kept = ["cache-control", "expires"].map((name) => [name, headers[name]]);
  return Object.fromEntries(kept.filter(([, value]) => value !== undefined)) as Record<string, string>; // just filtered
}
