/** `create_log_*` as a pattern over a whole name: `*` is any text, everything else itself. For globs of the configuration. */
export function globPattern(glob: string): RegExp {
  const literal = glob.split("*").map((part) => part.replace(/[\\^$.|?+()[\]{}]/g, "\\$&"));
  return new RegExp(`^${literal.join(".*")}$`);
}

/**
 * The same without a pattern: the time it takes grows with both lengths and no more, whoever wrote the glob. Each part is found
 * as early as it can be, which finds all that there is to find.
 */
export function matchesGlob(glob: string, name: string): boolean {
  const parts = glob.split("*");
  const [first = "", last = ""] = [parts[0], parts.at(-1)];
  if (parts.length === 1) return glob === name;
  if (!name.startsWith(first) || !name.endsWith(last) || name.length < first.length + last.length) return false;
  let at = first.length;
  for (const part of parts.slice(1, -1)) {
    const found = name.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return at <= name.length - last.length;
}
