/** A required scenario that does not pass yet, and the issue that ends it. The list may only shrink. */
export interface ExpectedFailure {
  readonly scenario: string;
  readonly endsWith: string;
}

/** By protocol version. None is left of what is scored; one may only come back with the issue that ends it. */
export const expectedFailures: Readonly<Record<string, readonly ExpectedFailure[]>> = {
  "2025-11-25": [],
  "2026-07-28": [],
};

/**
 * Checks that pass in the required scenarios. A server that is not there still "passes" dozens of them, so the number is
 * held exactly: it rises with what the gateway learns.
 */
export const expectedPasses: Readonly<Record<string, number>> = { "2025-11-25": 69, "2026-07-28": 120 };

/** Required server scenarios of the frozen lists. */
export const requiredScenarios: Readonly<Record<string, number>> = { "2025-11-25": 30, "2026-07-28": 37 };

/** Scenarios that are reported and not scored, which the gateway passes all the same, with their passing checks. */
export const unscoredPasses: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  "2025-11-25": { "server-session-lifecycle": 3, "json-schema-2020-12": 8 },
  "2026-07-28": { "http-header-validation": 14, "json-schema-2020-12": 8 },
};
