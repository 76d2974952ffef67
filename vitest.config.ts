import type { ViteUserConfig } from "vitest/config";

/**
 * Two projects. `unit` runs within `npm run check` (two minutes at most); `e2e` starts real parts: processes, browsers, clients.
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
    ],
  },
};

export default config;
