/** A required scenario that does not pass yet, and the issue that ends it. The list may only shrink. */
export interface ExpectedFailure {
  readonly scenario: string;
  readonly endsWith: string;
}

const prompts = "6 of 6: resources and prompts";

/** By protocol version. In the end only sampling, roots and tasks may stand here. */
export const expectedFailures: Readonly<Record<string, readonly ExpectedFailure[]>> = {
  "2025-11-25": [
    ...["completion-complete", "prompts-get-embedded-resource", "prompts-get-simple", "prompts-get-with-args"],
    ...["prompts-get-with-image", "prompts-list", "resources-list", "resources-read-binary", "resources-read-text"],
    ...["resources-subscribe", "resources-templates-read", "resources-unsubscribe"],
  ].map((scenario) => ({ scenario, endsWith: prompts })),
  "2026-07-28": [
    ...["caching", "completion-complete", "input-required-result-non-tool-request", "prompts-get-embedded-resource"],
    ...["prompts-get-simple", "prompts-get-with-args", "prompts-get-with-image", "prompts-list", "resources-list"],
    ...["resources-read-binary", "resources-read-text", "resources-templates-read", "sep-2164-resource-not-found"],
  ].map((scenario) => ({ scenario, endsWith: prompts })),
};

/**
 * Checks that pass in the required scenarios. A server that is not there still "passes" dozens of them, so the number is
 * held exactly: it rises with what the gateway learns.
 */
export const expectedPasses: Readonly<Record<string, number>> = { "2025-11-25": 57, "2026-07-28": 101 };

/** Required server scenarios of the frozen lists. */
export const requiredScenarios: Readonly<Record<string, number>> = { "2025-11-25": 30, "2026-07-28": 37 };

/** Scenarios that are reported and not scored, which the gateway passes all the same, with their passing checks. */
export const unscoredPasses: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  "2025-11-25": { "server-session-lifecycle": 3, "json-schema-2020-12": 8 },
  "2026-07-28": { "http-header-validation": 14, "json-schema-2020-12": 8 },
};
