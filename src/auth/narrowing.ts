/**
 * What a request, or the operator at the start, leaves out of the Tools that a principal may use. It only ever takes away: what
 * is not there before is not there after. Names that mean nothing take nothing in.
 */
export interface Narrowing {
  /** Tools that change something are out, whatever else is said. */
  readonly readOnly: boolean;
  /** A Tool has to be in each of them. */
  readonly selections: readonly ToolSelection[];
  /** Names or globs of Tools; these are out, whatever takes them in. */
  readonly exclude: readonly string[];
}

/** A Tool is in when one of the two names it. */
export interface ToolSelection {
  /** Names of ResourceTypes or tags in any spelling (`StatusPage`, `status-pages`), or globs of Tool names. */
  readonly toolsets: readonly string[];
  /** Names, aliases or globs of Tools. */
  readonly tools: readonly string[];
}
