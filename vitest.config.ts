import type { ViteUserConfig } from "vitest/config";

/**
 * Three projects. `unit` runs within `npm run check` (two minutes at most); `e2e` starts real parts: processes, browsers, clients;
 * `nightly` (`npm run nightly`) repeats what chance decides far oftener than CI has time for.
 * A test that needs more than a few seconds, a child process or a real client belongs to `test/e2e` or `test/conformance`.
 */
const config: ViteUserConfig = {
  test: {
    projects: [
      {
        test: {
          name: "unit",
          include: ["test/**/*.test.ts"],
          exclude: ["test/e2e/**", "test/conformance/**", "test/nightly/**"],
          testTimeout: 30_000,
        },
      },
      {
        test: {
          name: "e2e",
          include: ["test/e2e/**/*.test.ts", "test/conformance/**/*.test.ts"],
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
      {
        test: {
          name: "nightly",
          include: ["test/nightly/**/*.test.ts"],
          testTimeout: 3_600_000,
          hookTimeout: 600_000,
        },
      },
    ],
  },
};

export default config;
