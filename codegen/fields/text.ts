import { RE2JS } from "re2js";
import { GatewayError } from "../../src/errors.ts";

/** Characters of one description: enough for a paragraph; more is a place to hide instructions in. security.md T27. */
const maxChars = 1_024;

/**
 * Characters that a reader does not see but a model does: controls, bidi marks, zero-width and other ignorable characters,
 * variation selectors, tag characters (U+E0000–7F).
 */
const hidden = /[[\p{Cc}\p{Cf}\p{Default_Ignorable_Code_Point}]--[\n\t]]/gv;

/** Tails that list who may do what: long, and about the API's own roles rather than the field. */
const builtInCuts: readonly string[] = [String.raw`(?s)\.*\s*\bPermissions\s*[-:–]\s*Create:\s*\[.*$`];

/** Makes texts of the Spec fit to be shown. */
export interface TextCleaner {
  /** The text on one line per paragraph, without what hides in it; undefined when nothing is left. */
  readonly clean: (text: unknown) => string | undefined;
}

export interface TextRules {
  /** RE2 patterns, cut in addition to the built-in ones. */
  readonly cut?: readonly string[];
  /** Whole texts that say nothing, compared after cleaning. */
  readonly boilerplate?: readonly string[];
  readonly descriptionChars?: number;
}

/** Throws `invalid_request` for a pattern that RE2 does not know. */
export function textCleaner(rules: TextRules = {}): TextCleaner {
  const cuts = [...builtInCuts, ...(rules.cut ?? [])].map(compileCut);
  const limit = Math.min(rules.descriptionChars ?? maxChars, maxChars);
  const boilerplate = new Set(rules.boilerplate ?? []);
  const known = new Map<string, string | undefined>(); // one text stands at thousands of places
  const clean = (text: unknown): string | undefined => {
    if (typeof text !== "string") return undefined;
    if (!known.has(text)) known.set(text, cleanText(text, cuts, limit));
    const cleaned = known.get(text);
    return cleaned === undefined || boilerplate.has(cleaned) ? undefined : cleaned;
  };
  return { clean };
}

/** The text without hidden characters and HTML comments, whitespace collapsed; for titles and the like. Not shortened. */
export function visibleText(text: string): string {
  return text
    .toWellFormed()
    .replaceAll("\uFFFD", "")
    .replace(/<!--.*?(-->|$)/gs, " ")
    .replace(/\r\n?|[\u2028\u2029\u0085]/g, "\n")
    .replace(hidden, "")
    .replace(/<!--.*?(-->|$)/gs, " ") // one that only appears once the hidden characters are gone
    .replace(/[^\S\n]+/g, " ")
    .replace(/ ?\n[\n ]*/g, "\n")
    .trim();
}

function cleanText(text: string, cuts: readonly RE2JS[], limit: number): string | undefined {
  const shortened = visibleText(text.slice(0, 20_000));
  const cut = cuts.reduce((rest, pattern) => pattern.matcher(rest).replaceAll(""), shortened).trim();
  const chars = [...cut];
  if (chars.length === 0) return undefined;
  if (chars.length <= limit) return cut;
  const start = chars.slice(0, limit - 1).join("");
  return `${start.replace(/\s+\S*$/, "") || start}…`;
}

function compileCut(pattern: string): RE2JS {
  try {
    return RE2JS.compile(pattern);
  } catch (thrown) {
    throw new GatewayError(
      "invalid_request",
      `codegen.text.cut: ${JSON.stringify(pattern)} is no RE2 pattern: ${(thrown as Error).message}`,
    );
  }
}
