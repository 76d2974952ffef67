import SwaggerParser from "@apidevtools/swagger-parser";
import { GatewayError } from "../../src/errors.ts";

/** One finding of ajv, as swagger-parser hands it on in `details`. */
interface Finding {
  readonly instancePath: string;
  readonly keyword: string;
  readonly message?: string;
  readonly params?: Readonly<Record<string, unknown>>;
}

/** Findings that only say that some alternative failed; the reason is a finding deeper down. */
const consequences: ReadonlySet<string> = new Set([
  "oneOf",
  "anyOf",
  "allOf",
  "if",
  "not",
  "$ref",
  "unevaluatedProperties",
]);

/**
 * Checks a document against the schema of its version. Throws `invalid_request` with the deepest fault's JSON pointer.
 * OpenAPI 3.2 is taken as it is: the validator does not know it.
 * References stay in place: resolving them first costs time and repeats each fault at every use.
 */
export async function validateDocument(document: object, version: string, name: string): Promise<void> {
  if (version.startsWith("3.2")) return;
  const copy = { ...document, ...(version !== "2.0" && { openapi: version.startsWith("3.0") ? "3.0.3" : "3.1.0" }) };
  try {
    await SwaggerParser.validate(copy as never, {
      mutateInputSchema: version !== "2.0", // nothing is resolved then, so nothing changes, and a copy of 15 MB takes its time
      resolve: { external: false },
      dereference: { circular: "ignore", ...(version !== "2.0" && { excludedPathMatcher: () => true }) },
    });
  } catch (thrown) {
    throw new GatewayError("invalid_request", `${name}${describe(thrown as Error)}`, {
      next: "Correct the document, or run with --no-validate to take it as it is.",
    });
  }
}

function describe(thrown: Error & { details?: readonly Finding[] }): string {
  const findings = thrown.details ?? [];
  if (findings.length === 0) return ` is not valid: ${thrown.message.split("\n")[0]}`;
  const reasons = findings.filter(({ keyword }) => !consequences.has(keyword));
  const best = (reasons.length > 0 ? reasons : findings).toSorted(byDepth)[0];
  if (best === undefined) return " is not valid";
  return `#${best.instancePath} ${best.message ?? "is not valid"}${detailOf(best)}`;
}

/** Deepest first: the nearer to a leaf, the nearer to the cause. "must have $ref" is the other half of a choice. */
function byDepth(a: Finding, b: Finding): number {
  const isRef = (finding: Finding) => Number(finding.params?.missingProperty === "$ref");
  const depth = (finding: Finding) => finding.instancePath.split("/").length;
  return isRef(a) - isRef(b) || depth(b) - depth(a) || (a.instancePath < b.instancePath ? -1 : 1);
}

function detailOf({ params = {} }: Finding): string {
  const name = params.additionalProperty ?? params.unevaluatedProperty ?? params.allowedValues;
  return name === undefined ? "" : `: ${JSON.stringify(name).slice(0, 200)}`;
}
