/** What becomes of an action that was claimed. */
export type ClaimState = "inflight" | "done" | "unknown";

/**
 * An action that must not be done twice. `keyed`: its caller named it by a key; what came of it is kept for 24 h. `shared`: a
 * create without a key; only those that wait while it runs get its result, and for 60 s nobody repeats one whose outcome is
 * unknown (reliability.md §6).
 */
export interface Action {
  readonly mode: "keyed" | "shared";
  /** Who acts; ids of two principals never meet. */
  readonly principalId: string;
  /** Names it among those of its principal: a digest. */
  readonly id: string;
  /** Digest of the Tool and its arguments: the same action always has the same. */
  readonly args: string;
  /** One that the upstream recognises as a repetition may be done again when its outcome is unknown. */
  readonly isRepeatable: boolean;
}

/** What `claim` answers. */
export type Claim =
  /** It is ours: do it, then `settle`. */
  | { readonly state: "run" }
  /** Somebody does it; `owner` tells runs apart. */
  | { readonly state: "inflight"; readonly owner: string }
  /** It was done, with this result. */
  | { readonly state: "done"; readonly result: string }
  | { readonly state: "unknown" }
  /** Its key was used for something else. */
  | { readonly state: "conflict" };

/**
 * Who does which action now, and what came of it. Whatever the replica, one of any number of claims at once is answered `run`;
 * a lease that is over turns into `unknown`, never into another run. Leases are measured by the clock of the store.
 * Both methods may throw `store_unavailable`.
 */
export interface Claims {
  /** @param awaited the owner whose result the caller waited for, which a `shared` action gives to those who waited alone */
  readonly claim: (action: Action, owner: string, leaseMs: number, awaited?: string) => Promise<Claim>;
  /**
   * Ends the run of `owner`, also when its lease is over by now: `done` with its result, `unknown`, or `none` when nothing was
   * sent and the action is free again. Does nothing when another owner has it.
   */
  readonly settle: (action: Action, owner: string, end: Settlement) => Promise<void>;
}

export type Settlement =
  | { readonly state: "done"; readonly result: string }
  | { readonly state: "unknown" }
  | { readonly state: "none" };

const dayMs = 86_400_000;

/** How long an ended action is remembered, by mode, milliseconds. */
export const lives: Readonly<Record<Action["mode"], { readonly doneMs: number; readonly unknownMs: number }>> = {
  keyed: { doneMs: dayMs, unknownMs: dayMs },
  /** Done: for those who wait in other replicas, which look every 100 ms. */
  shared: { doneMs: 30_000, unknownMs: 60_000 },
};
