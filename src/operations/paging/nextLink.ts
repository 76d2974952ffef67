import type { Following, PageFacts } from "./style.ts";

/** Query parameters that carry keys by custom, whatever the Spec declares. */
const credentialNames = /^(api[-_]?key|access[-_]?token|auth|authorization|key|token|secret|signature|sig)$/i;

/**
 * The page that a next link leads to. Only its query is kept, without parameters that carry keys, and it is sent to the
 * Operation's own address: a link to another origin or path is not followed, since the key would go there.
 */
export function followLink(link: string | undefined, { response, credentialParams }: PageFacts): Following {
  if (link === undefined || link === "") return { more: false };
  const here = new URL(response.url);
  const next = URL.parse(link, here);
  if (next === null || next.origin !== here.origin || next.pathname !== here.pathname) {
    return { more: true, note: "There is more, but the API's link to it leads elsewhere and is not followed." };
  }
  if (next.search === here.search) return { more: false };
  const isCredential = (name: string): boolean => credentialParams.includes(name) || credentialNames.test(name);
  return { position: [...next.searchParams].filter(([name]) => !isCredential(name)), more: true };
}

/** The target of `rel` in a `Link` header, which may name several links and several rels in one. RFC 8288 §3. */
export function linkTarget(header: string | undefined, rel: string): string | undefined {
  for (const [, target, params = ""] of (header ?? "").matchAll(
    /<([^>]*)>((?:\s*;\s*[\w*!#$&+.^`|~-]+(?:\s*=\s*(?:"[^"]*"|[^\s",;]+))?)*)/g,
  )) {
    const [, quoted, bare] = /;\s*rel\s*=\s*(?:"([^"]*)"|([^\s",;]+))/i.exec(params) ?? [];
    if ((quoted ?? bare ?? "").toLowerCase().split(/\s+/).includes(rel)) return target;
  }
  return undefined;
}
