/** A browser without eyes or script: keeps cookies as browsers do, sends forms, follows redirects while they lead to this machine. */
export interface HttpBrowser {
  readonly get: (url: string | URL) => Promise<Seen>;
  /** A form as a page of ours sends it, which tells nobody where it is. */
  readonly post: (url: string | URL, fields: Fields, headers?: Readonly<Record<string, string>>) => Promise<Seen>;
  /** `name=value` of each cookie for a URL, as it would be sent. */
  readonly cookies: (url: string | URL) => readonly string[];
  /** Takes a cookie that somebody else has. */
  readonly plant: (line: string) => void;
}

export type Fields = Readonly<Record<string, string | readonly string[]>>;

/** Where a browser came to rest. */
export interface Seen {
  /** Of another machine when it was sent there; then it was not asked. */
  readonly url: URL;
  readonly status: number;
  readonly text: string;
  readonly headers: Headers;
  /** Cookies that were set on the way, as they were. */
  readonly set: readonly string[];
}

interface Cookie {
  readonly path: string;
  readonly value: string;
}

export function openHttpBrowser(): HttpBrowser {
  const jar = new Map<string, Cookie>();
  const cookies = (url: string | URL): readonly string[] =>
    [...jar]
      .filter(([, { path }]) => new URL(url).pathname.startsWith(path))
      .map(([key, { value }]) => `${key.split(" ", 1)[0]}=${value}`);
  const keep = (line: string): void => {
    const [pair = "", ...attributes] = line.split(/;\s*/);
    const at = pair.indexOf("=");
    const path = attributes.find((one) => /^path=/i.test(one))?.slice(5) ?? "/";
    const isOver = attributes.some((one) => /^max-age=0$/i.test(one) || /^expires=Thu, 01 Jan 1970/i.test(one));
    const key = `${pair.slice(0, at)} ${path}`;
    if (isOver || pair.slice(at + 1) === "") jar.delete(key);
    else jar.set(key, { path, value: pair.slice(at + 1) });
  };
  const go = async (first: string | URL, sending: RequestInit): Promise<Seen> => {
    let url = new URL(first);
    let init = sending;
    const set: string[] = [];
    for (let hop = 0; hop < 12; hop++) {
      const cookie = cookies(url).join("; ");
      const headers = { accept: "text/html", ...init.headers, ...(cookie !== "" && { cookie }) };
      const answer = await fetch(url, { ...init, headers, redirect: "manual" });
      set.push(...answer.headers.getSetCookie());
      for (const line of answer.headers.getSetCookie()) keep(line);
      const location = answer.headers.get("location");
      const text = await answer.text();
      if (location === null) return { url, status: answer.status, text, headers: answer.headers, set };
      url = new URL(location, url);
      if (url.hostname !== "localhost") return { url, status: answer.status, text, headers: answer.headers, set };
      init = {};
    }
    throw new Error(`too many redirects, the last to ${url.origin}${url.pathname}`);
  };
  return {
    cookies,
    plant: keep,
    get: (url) => go(url, {}),
    post: (url, fields, headers = {}) => {
      const body = new URLSearchParams();
      for (const [name, value] of Object.entries(fields))
        for (const one of Array.isArray(value) ? value : [value]) body.append(name, one);
      return go(url, {
        method: "POST",
        body,
        headers: { origin: "null", "sec-fetch-site": "same-origin", ...headers },
      });
    },
  };
}

/** The value of a hidden field of a page. */
export function hiddenField({ text }: Pick<Seen, "text">, name: string): string {
  const value = new RegExp(`name="${name}" value="([^"]*)"`).exec(text)?.[1];
  if (value === undefined) throw new Error(`the page has no field ${name}`);
  return value;
}
