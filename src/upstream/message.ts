/** Longest text of an upstream that is passed on. */
const maxLength = 600;
/** Messages of one answer that are passed on. */
const maxParts = 5;

/**
 * What an upstream says of a failure, as one line for a model: from the places where APIs put it (`message`, `error`, `detail`,
 * `title`, `errors[]`; RFC 9457), else the text itself. Undefined where it says nothing, or answers a web page.
 * Control and invisible characters, `secrets` and `addresses` are taken out, and it is capped.
 */
export function upstreamMessage(
  body: unknown,
  mediaType: string,
  { secrets, addresses }: { readonly secrets: readonly string[]; readonly addresses: readonly string[] },
): string | undefined {
  const parts = typeof body === "string" ? (/html/.test(mediaType) ? [] : [body]) : messagesIn(body, 0);
  const text = [...new Set(parts)].slice(0, maxParts).join("; ");
  const clean = redact(plain(text), secrets, "[redacted]");
  const shown = redact(clean, addresses, "[upstream]").replace(/\bBearer\s+[\w.~+/=-]{8,}/gi, "Bearer [redacted]");
  if (shown === "") return undefined;
  return shown.length > maxLength ? `${shown.slice(0, maxLength - 1)}…` : shown;
}

const messageKeys = ["message", "error_description", "error", "detail", "title", "reason", "msg", "description"];
const listKeys = ["errors", "details", "violations", "issues", "detail"];

function messagesIn(value: unknown, depth: number): readonly string[] {
  if (typeof value === "string") return value.trim() === "" ? [] : [value];
  if (depth > 3 || typeof value !== "object" || value === null) return [];
  if (Array.isArray(value)) return value.slice(0, maxParts).flatMap((one) => messagesIn(one, depth + 1));
  const record = value as Readonly<Record<string, unknown>>; // neither null nor an array: checked above
  const key = messageKeys.find(
    (name) => !Array.isArray(record[name]) && messagesIn(record[name], depth + 1).length > 0,
  );
  const own = key === undefined ? [] : messagesIn(record[key], depth + 1).map((text) => `${fieldOf(record)}${text}`);
  const more = listKeys.flatMap((name) => listed(record[name], depth));
  return [...own, ...more];
}

/** `errors` as a list, or as an object of field → messages. */
function listed(value: unknown, depth: number): readonly string[] {
  if (Array.isArray(value)) return messagesIn(value, depth);
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([field, inner]) =>
    messagesIn(inner, depth + 1).map((text) => `${field}: ${text}`),
  );
}

/** Which field a message is about, where it says so. */
function fieldOf(record: Readonly<Record<string, unknown>>): string {
  const field = record.field ?? record.path ?? record.param ?? record.loc ?? record.pointer;
  const name = Array.isArray(field) ? field.join(".") : field;
  return typeof name === "string" && name !== "" && name.length < 100 ? `${name}: ` : "";
}

/** One line without control, bidirectional, zero-width and tag characters (security.md T27). */
function plain(text: string): string {
  return text
    .slice(0, 8 * maxLength)
    .replace(/\s+/g, " ")
    .replace(/[\p{Cc}\p{Cf}\p{Co}\p{Cn}]/gu, "")
    .trim();
}

/** Secrets shorter than this would blank out ordinary words. */
const shortestSecret = 4;

function redact(text: string, hidden: readonly string[], mark: string): string {
  return hidden.filter((one) => one.length >= shortestSecret).reduce((shown, one) => shown.replaceAll(one, mark), text);
}
