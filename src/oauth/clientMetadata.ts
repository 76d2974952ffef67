const served: Readonly<Record<string, readonly string[]>> = {
  grant_types: ["authorization_code", "refresh_token"],
  response_types: ["code"],
};

/**
 * What a client says of itself, without what there is none of here: grants and response types that it would use elsewhere (VS Code
 * lists the device code), and scopes, which it asks for each time and may exceed by step-up. A server may register less than it is
 * asked for. https://www.rfc-editor.org/rfc/rfc7591#section-2
 */
export function servedMetadata(metadata: object): object {
  const { scope: _asked, ...rest } = metadata as Readonly<Record<string, unknown>>; // any object has keys
  return Object.fromEntries(Object.entries(rest).map(([name, value]) => [name, servedPart(name, value)]));
}

/** Something that we have none of at all stays, so that it is refused in the library's words. */
function servedPart(name: string, value: unknown): unknown {
  const known = Object.hasOwn(served, name) ? served[name] : undefined;
  if (known === undefined || !Array.isArray(value)) return value;
  const kept = value.filter((one) => known.includes(one));
  return kept.length > 0 ? kept : value;
}
