import { RE2JS } from "re2js";

/** Longer ones cost more to compile than they save. */
const maxChars = 500;

/**
 * Whether a pattern means the same to JavaScript (with the `u` flag, as ajv and clients compile it) and to RE2, which runs
 * in linear time whatever the text (security.md T30). False for lookaround and back-references.
 */
export function isSafePattern(pattern: string): boolean {
  if (pattern.length > maxChars) return false;
  try {
    new RegExp(pattern, "u");
    RE2JS.compile(RE2JS.translateRegExp(pattern));
    return true;
  } catch {
    return false;
  }
}
