import { beforeEach, describe, expect, it } from "vitest";
import { type Cluster, startCluster, withoutCluster } from "../load/cluster.ts";
import { faults, runFault } from "../load/faults.ts";

describe.skipIf(withoutCluster)("every fault, three times", () => {
  let cluster: Cluster;
  beforeEach(async () => {
    cluster = await startCluster({ keysPerTenant: 10 });
    return () => cluster.close();
  });

  const names = Object.keys(faults).flatMap((name) => [name, name, name]);
  it.each(names)("leaves the invariants whole: %s", async (name) => {
    const { report } = await runFault(cluster, name);
    expect(report).toBe("");
  });
});
