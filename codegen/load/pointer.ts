/** One key as a step of a JSON pointer. RFC 6901 §3. */
export function step(key: string | number): string {
  return `/${String(key).replaceAll("~", "~0").replaceAll("/", "~1")}`;
}

/** The steps of a pointer such as `/paths/~1widgets/get`, percent-decoded as in a URI fragment. RFC 6901 §6. */
export function steps(pointer: string): string[] {
  if (pointer === "") return [];
  return pointer
    .split("/")
    .slice(1)
    .map((part) => decodeStep(part));
}

/** The value at a pointer, or undefined. Looks at own properties only. */
export function valueAt(root: unknown, pointer: string): unknown {
  let value = root;
  for (const key of steps(pointer)) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, key)) return undefined;
    value = (value as Record<string, unknown>)[key];
  }
  return value;
}

function decodeStep(part: string): string {
  let text = part;
  try {
    text = decodeURIComponent(part);
  } catch {
    // A lone percent sign is a percent sign.
  }
  return text.replaceAll("~1", "/").replaceAll("~0", "~");
}
