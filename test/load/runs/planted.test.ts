import { describe, expect, it } from "vitest";
import { checkPlanted } from "../checkPlanted.ts";
import { withoutCluster } from "../cluster.ts";
import { plantedBugs } from "../planted.ts";

/** The three that people would suffer most from; `npm run nightly` plants them all. */
const names = [
  "answers that fit any question",
  "a session that anybody may use",
  "a broadcast that leaves sessions out",
];

describe.skipIf(withoutCluster)("a planted bug", () => {
  it.each(names)("is caught by the invariant meant for it: %s", async (name) => {
    const bug = plantedBugs[name];
    expect(await checkPlanted(name)).toContain(bug?.breaks);
  });
});
