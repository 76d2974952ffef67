import type { ViteUserConfig } from "vitest/config";

/** Files at a time where they mostly wait for the parts they start. Vitest's own choice on a machine of two cores is one. */
const atOnce = 2;

/**
 * Five projects. `unit` runs within `npm run check` (two minutes at most); `e2e` starts real parts: processes, browsers, clients;
 * `faults` kills and freezes them, and waits for what comes of it;
 * `load` (`npm run test:load`) puts hundreds of clients on three replicas, breaks things under them and judges what happened;
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
          exclude: ["test/e2e/**", "test/conformance/**", "test/nightly/**", "test/load/runs/**", "test/faults/**"],
          globalSetup: "scripts/buildWeb.mjs",
          testTimeout: 30_000,
          maxWorkers: atOnce,
        },
      },
      {
        test: {
          name: "e2e",
          include: ["test/e2e/**/*.test.ts", "test/conformance/**/*.test.ts"],
          globalSetup: "scripts/buildWeb.mjs",
          testTimeout: 120_000,
          hookTimeout: 120_000,
          maxWorkers: atOnce,
        },
      },
      {
        test: {
          name: "faults",
          include: ["test/faults/**/*.test.ts"],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          maxWorkers: atOnce,
        },
      },
      {
        test: {
          name: "load",
          include: ["test/load/runs/**/*.test.ts"],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          fileParallelism: false, // each loads the whole machine
        },
      },
      {
        test: {
          name: "nightly",
          include: ["test/nightly/**/*.test.ts"],
          testTimeout: 3_600_000,
          fileParallelism: false, // some load the whole machine
          hookTimeout: 600_000,
        },
      },
    ],
  },
};

export default config;
