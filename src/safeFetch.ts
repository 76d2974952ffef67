import { lookup as dnsLookup, type LookupAddress, type LookupOptions } from "node:dns";
import { BlockList, isIP } from "node:net";
import { Agent, buildConnector, type Dispatcher, request } from "undici";
import { GatewayError } from "./errors.ts";

/**
 * Every request that is not to an upstream goes through here (security.md §4). Two trusts:
 * - `operator`: a URL the operator named (`--spec`). Any address, http too; redirects only within the same host.
 * - `document`: a URL that a document or a client named. https only, no redirect, public addresses only, small and quick.
 */
export interface SafeFetchOptions {
  readonly trust: "operator" | "document";
  readonly headers?: Readonly<Record<string, string>>;
  /** Default 32 MiB for `operator`, 64 KiB for `document`. */
  readonly maxBytes?: number;
  /** Default 60,000 for `operator`, 2,500 for `document`. */
  readonly timeoutMs?: number;
  /** `POST` sends `body`, follows no redirect and takes any 2xx. Default `GET`. */
  readonly method?: "GET" | "POST";
  readonly body?: string;
}

const maxRedirects = 5;

/**
 * The body at `url`, as bytes. Throws `invalid_request` naming the URL without query and user when it cannot be had:
 * refused address or scheme, a redirect that is not allowed, a status other than 200, too large, too slow.
 */
export async function safeFetch(url: string, options: SafeFetchOptions): Promise<Uint8Array> {
  return (await safeFetchAnswer(url, options)).body;
}

/** What a server answered with. */
export interface FetchedAnswer {
  readonly body: Uint8Array;
  /** Lower case; of a repeated header the first. */
  readonly headers: Readonly<Record<string, string>>;
}

/** {@link safeFetch} with the headers of the answer, for who heeds how long it may be kept. */
export async function safeFetchAnswer(url: string, options: SafeFetchOptions): Promise<FetchedAnswer> {
  const trusted = options.trust === "operator";
  const maxBytes = options.maxBytes ?? (trusted ? 33_554_432 : 65_536);
  const timeoutMs = options.timeoutMs ?? (trusted ? 60_000 : 2_500);
  const agent = trusted ? new Agent({ allowH2: false }) : guardedAgent();
  try {
    return await follow(checked(url, trusted), { options, agent, maxBytes, signal: AbortSignal.timeout(timeoutMs) });
  } catch (thrown) {
    if (thrown instanceof GatewayError) throw thrown;
    throw refuse(url, reasonOf(thrown, timeoutMs), thrown);
  } finally {
    await agent.destroy();
  }
}

interface Fetching {
  readonly options: SafeFetchOptions;
  readonly agent: Dispatcher;
  readonly maxBytes: number;
  readonly signal: AbortSignal;
}

async function follow(start: URL, { options, agent, maxBytes, signal }: Fetching): Promise<FetchedAnswer> {
  let url = start;
  for (let hop = 0; hop <= maxRedirects; hop++) {
    const headers = { "accept-encoding": "identity", ...options.headers };
    const { method = "GET", body: sent } = options;
    const sending = { dispatcher: agent, method, headers, signal, ...(sent !== undefined && { body: sent }) };
    const { statusCode, headers: answered, body } = await request(url, sending);
    if (statusCode === 200 || (method === "POST" && statusCode > 200 && statusCode < 300))
      return { body: await readBody(body, maxBytes, url), headers: plainHeaders(answered) };
    await body.dump({ limit: 1_024 }).catch(() => undefined);
    const location = statusCode >= 300 && statusCode < 400 ? answered.location : undefined;
    if (typeof location !== "string") throw refuse(url.href, `it answered ${statusCode}`);
    const next = URL.parse(location, url.href);
    if (options.trust !== "operator" || method !== "GET" || next?.host !== url.host || next.protocol !== url.protocol)
      throw refuse(url.href, `it redirects to ${next?.host ?? "an invalid URL"}, which is not followed`);
    url = next;
  }
  throw refuse(start.href, `it redirects more than ${maxRedirects} times`);
}

function plainHeaders(answered: Readonly<Record<string, string | string[] | undefined>>): Record<string, string> {
  const named = Object.entries(answered).map(([name, value]) => [name, Array.isArray(value) ? value[0] : value]);
  return Object.fromEntries(named.filter(([, value]) => value !== undefined)) as Record<string, string>; // just filtered
}

async function readBody(body: AsyncIterable<Uint8Array>, maxBytes: number, url: URL): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.length;
    if (size > maxBytes) throw refuse(url.href, `it is larger than ${maxBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function checked(text: string, trusted: boolean): URL {
  const url = URL.parse(text);
  if (!url) throw refuse(text, "it is not a URL");
  if (url.username || url.password) throw refuse(text, "it holds a user or password; use --header instead");
  if (url.protocol !== "https:" && !(trusted && url.protocol === "http:"))
    throw refuse(text, `the scheme ${url.protocol} is not allowed here`);
  return url;
}

function refuse(url: string, reason: string, cause?: unknown): GatewayError {
  return new GatewayError("invalid_request", `cannot fetch ${shownUrl(url)}: ${reason}`, {
    ...(cause !== undefined && { cause }),
  });
}

/** A URL without user, query and fragment, since any of them may hold a secret. */
export function shownUrl(text: string): string {
  const url = URL.parse(text);
  return url ? `${url.origin}${url.pathname}` : "an invalid URL";
}

function reasonOf(thrown: unknown, timeoutMs: number): string {
  if (!(thrown instanceof Error)) return "the request failed";
  if (thrown.name === "TimeoutError") return `no answer within ${timeoutMs} ms`;
  const { code } = thrown as NodeJS.ErrnoException;
  return code ?? thrown.message;
}

/** Checks the address on every connect, names and literals: literals are never looked up, so a lookup hook alone is bypassed. */
function guardedAgent(): Agent {
  const dial = buildConnector({ timeout: 2_000, allowH2: false, lookup: publicOnly });
  return new Agent({
    connect(options, done) {
      const host = options.hostname.replace(/^\[|\]$/g, "");
      if (isIP(host) !== 0 && !isPublic(host)) return done(new Error("the address is not public"), null);
      return dial(options, done);
    },
  });
}

type LookupDone = (error: NodeJS.ErrnoException | null, address: string | LookupAddress[], family?: number) => void;

function publicOnly(hostname: string, options: LookupOptions, done: LookupDone): void {
  dnsLookup(hostname, { ...options, all: true }, (error, addresses) => {
    if (error) return done(error, []);
    const [first] = addresses;
    if (!first || addresses.some(({ address }) => !isPublic(address)))
      return done(new Error("the address is not public"), []);
    return options.all ? done(null, addresses) : done(null, first.address, first.family);
  });
}

const privateIpv4 = new BlockList();
for (const [net, bits] of [
  ["0.0.0.0", 8],
  ["10.0.0.0", 8],
  ["100.64.0.0", 10],
  ["127.0.0.0", 8],
  ["169.254.0.0", 16],
  ["172.16.0.0", 12],
  ["192.0.0.0", 24],
  ["192.0.2.0", 24],
  ["192.88.99.0", 24],
  ["192.168.0.0", 16],
  ["198.18.0.0", 15],
  ["198.51.100.0", 24],
  ["203.0.113.0", 24],
  ["224.0.0.0", 3],
] as const)
  privateIpv4.addSubnet(net, bits, "ipv4");

const globalIpv6 = new BlockList();
globalIpv6.addSubnet("2000::", 3, "ipv6");
const reservedIpv6 = new BlockList();
for (const [net, bits] of [
  ["2001::", 23],
  ["2001:db8::", 32],
  ["2002::", 16],
  ["3fff::", 20],
] as const)
  reservedIpv6.addSubnet(net, bits, "ipv6");

/** Whether an address is on the public internet. For IPv6 an allow-list, since NAT64 and 6to4 can spell any IPv4 address. */
export function isPublic(address: string): boolean {
  if (isIP(address) === 4) return !privateIpv4.check(address, "ipv4");
  return globalIpv6.check(address, "ipv6") && !reservedIpv6.check(address, "ipv6");
}
