/**
 * How often a property is drawn: `count` in CI, times `SPECGATE_TEST_DRAWS` where that is set, as `npm run nightly` does.
 * fast-check prints the seed of a failure.
 */
export function draws(count: number): { readonly numRuns: number } {
  return { numRuns: count * Number(process.env.SPECGATE_TEST_DRAWS ?? 1) };
}
