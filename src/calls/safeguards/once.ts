/** What can be used once, whichever replica is asked. */
export interface Once {
  /**
   * True for the first use of `token`, false for every other within `keepMs`, which must be as long as it could be used. May
   * throw `store_unavailable`; the token may count as used then.
   */
  readonly use: (token: string, keepMs: number) => Promise<boolean>;
}
