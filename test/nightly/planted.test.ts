import { describe, expect, it } from "vitest";
import { checkPlanted } from "../load/checkPlanted.ts";
import { withoutCluster } from "../load/cluster.ts";
import { plantedBugs } from "../load/planted.ts";

describe.skipIf(withoutCluster)("every planted bug", () => {
  it.each(Object.entries(plantedBugs))("is caught by the invariant meant for it: %s", async (name, { breaks }) => {
    expect(await checkPlanted(name)).toContain(breaks);
  });
});
