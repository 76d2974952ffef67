import type { Kysely, RawBuilder } from "kysely";
import type { Tables } from "../tables.ts";

/**
 * One change of the schema. Never edited once released: a later change is a later migration.
 *
 * While a deployment rolls, programs of two versions use one schema, so a change is made in two steps. **Expand**: add tables,
 * columns that may be null or have a default, indices; the version before works on with what it knows (`isCompatible: true`).
 * **Contract**, in the version after: drop what nobody uses any more (`isCompatible: false`); a program that does not know this
 * migration is refused from then on. So N and N+1 run side by side as long as N+1 brings no contraction of what N uses.
 */
export interface Migration {
  /** 1, 2, 3 … */
  readonly version: number;
  /** What it does, in words that `specgate migrate --check` shows. */
  readonly name: string;
  /** Whether programs that know only the migrations before go on working. */
  readonly isCompatible: boolean;
  readonly up: (db: Kysely<Tables>, types: ColumnTypes) => Promise<void>;
}

/** Column types that differ by database. */
export interface ColumnTypes {
  /** Text that is compared byte by byte, so that moments and cursors sort the same in both. */
  readonly text: RawBuilder<unknown>;
}
