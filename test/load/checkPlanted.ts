import type { Invariant } from "./checker.ts";
import { startCluster } from "./cluster.ts";
import { runLoad } from "./run.ts";

/** The invariants that a short run breaks on gateways that were started with this bug of `planted.ts`. */
export async function checkPlanted(plant: string): Promise<readonly Invariant[]> {
  const cluster = await startCluster({ plant, keysPerTenant: 4 });
  try {
    const { violations } = await runLoad({
      cluster,
      clients: 24,
      seconds: 3,
      thinkMs: 50,
      boundMs: 4_000,
      announceMs: 400,
    });
    return [...new Set(violations.map(({ invariant }) => invariant))];
  } finally {
    await cluster.close();
  }
}
