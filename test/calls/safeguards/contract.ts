import { expect, it } from "vitest";
import type { Once } from "../../../src/calls/safeguards/once.ts";
import { mostSeen, type Seen } from "../../../src/calls/safeguards/seen.ts";

/** Stores under test, as one or several replicas hold them. */
export interface Stores {
  readonly seen: readonly Seen[];
  readonly once: readonly Once[];
}

const ann = { principalId: "ann", place: "prod:Page" };
const minuteMs = 60_000;

/** What every implementation of {@link Seen} and {@link Once} does. */
export function storesContract(stores: () => Stores): void {
  const first = (): Seen => stores().seen[0] as Seen; // there is at least one of each
  const last = (): Seen => stores().seen.at(-1) as Seen;

  it("know what was shown, on every replica", async () => {
    await first().record(ann, ["a", "b"], minuteMs);
    await first().record(ann, ["c"], minuteMs);
    expect(await last().unseen(ann, ["c", "x", "a", "7"], minuteMs)).toEqual(["x", "7"]);
  });

  it("keep principals and places apart", async () => {
    await first().record(ann, ["a"], minuteMs);
    expect(await last().unseen({ ...ann, principalId: "bob" }, ["a"], minuteMs)).toEqual(["a"]);
    expect(await last().unseen({ ...ann, place: "staging:Page" }, ["a"], minuteMs)).toEqual(["a"]);
  });

  it("remember the latest 1,000 ids, also of one answer", async () => {
    const ids = Array.from({ length: mostSeen }, (_, at) => `id-${at}`);
    await first().record(ann, ["old", ...ids], minuteMs);
    expect(await last().unseen(ann, ["old", "id-0", `id-${mostSeen - 1}`], minuteMs)).toEqual(["old"]);
  });

  it("let a token be used once by any number at once, and each token once", async () => {
    const uses = await Promise.all(
      Array.from({ length: 40 }, (_, at) => (stores().once[at % stores().once.length] as Once).use("t1", minuteMs)), // within its length
    );
    expect(uses.filter(Boolean)).toHaveLength(1);
    expect(await (stores().once[0] as Once).use("t2", minuteMs)).toBe(true); // there is one
  });
}
