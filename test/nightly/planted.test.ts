import { describe, expect, it } from "vitest";
import { withoutRedis } from "../fakes/redis.ts";
import { checkPlanted } from "../load/checkPlanted.ts";
import { plantedBugs } from "../load/planted.ts";

describe.skipIf(withoutRedis)("every planted bug", () => {
  it.each(Object.entries(plantedBugs))("is caught by the invariant meant for it: %s", async (name, { breaks }) => {
    expect(await checkPlanted(name)).toContain(breaks);
  });
});
