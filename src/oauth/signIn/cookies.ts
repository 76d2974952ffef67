import type { IncomingMessage, ServerResponse } from "node:http";

/**
 * The value of a cookie; null when there is none, or several of the name: a page of a neighbouring host cannot set a `__Host-`
 * cookie, so two of them are a trick.
 */
export function readCookie(req: IncomingMessage, name: string): string | null {
  const values = (req.headers.cookie ?? "").split(";").flatMap((pair) => {
    const at = pair.indexOf("=");
    return at > 0 && pair.slice(0, at).trim() === name ? [pair.slice(at + 1).trim()] : [];
  });
  const [value] = values;
  return values.length === 1 && value !== undefined && /^[\w-]{1,200}$/.test(value) ? value : null;
}

/**
 * Sets a cookie for this host alone, out of reach of scripts, not sent along by other sites but where a person follows a link. Zero
 * seconds takes it away. Browsers take `Secure` for safe on `http://localhost` as well (Safari does not).
 */
export function setCookie(res: ServerResponse, name: string, value: string, seconds: number): void {
  res.appendHeader("set-cookie", `${name}=${value}; Path=/; Max-Age=${seconds}; HttpOnly; Secure; SameSite=Lax`);
}
