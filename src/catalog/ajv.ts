import { Ajv2020 } from "ajv/dist/2020.js";
import * as formats from "ajv-formats";
import { RE2JS } from "re2js";

/**
 * An ajv for schemas of a Spec: JSON Schema 2020-12 as codegen emits it, formats included, patterns on RE2. With `allErrors` it tells
 * every fault of a value instead of the first.
 */
export function createAjv({ allErrors }: { readonly allErrors: boolean }): Ajv2020 {
  const ajv = new Ajv2020({
    strict: false,
    allErrors,
    logger: false,
    verbose: true,
    validateSchema: false,
    addUsedSchema: false,
    code: { regExp: linearRegExp },
  });
  addFormats(ajv);
  return ajv;
}

/** The package is CommonJS, and its types describe only its default export. */
const addFormats = formats.default as unknown as (ajv: Ajv2020) => Ajv2020;

/** A pattern as ajv uses it. ajv keeps patterns by their text, so two must never print alike. */
interface Pattern {
  readonly test: (text: string) => boolean;
  readonly toString: () => string;
}

/** ajv's hook for the regular expression engine; `code` would only be used in standalone code. */
const linearRegExp = Object.assign(
  (pattern: string): Pattern => ({ test: matcherOf(pattern), toString: () => pattern }),
  { code: "linearRegExp" },
);

function matcherOf(pattern: string): Pattern["test"] {
  try {
    const compiled = RE2JS.compile(RE2JS.translateRegExp(pattern));
    return (text) => compiled.matcher(text).find();
  } catch {
    return () => true;
  }
}
