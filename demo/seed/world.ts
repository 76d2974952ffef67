/** One organisation while it is being seeded: its names, its clock, and the rows so far. */
import type { Row } from "../model/fields.ts";

/** What the seed files write: a noun and the fields of one row, `id` included. */
export type SeedRow = readonly [noun: string, row: Row];

/** The organisation a seed file writes for. */
export interface World {
  /** `acme` or `globex`; stands in every id. */
  readonly slug: string;
  readonly name: string;
  readonly domain: string;
  /** ISO time so many minutes before the base time (after it, if negative). */
  readonly ago: (minutes: number) => string;
  /** An id of this organisation: `id("mon", "website")` is `mon_acme_website`. */
  readonly id: (prefix: string, name: string | number) => string;
}

const minute = 60_000;

/** Minutes of a day, for readable offsets. */
export const day: number = 24 * 60;

/** A world whose clock stands at `base`. */
export function worldOf(slug: string, name: string, domain: string, base: Date): World {
  return {
    slug,
    name,
    domain,
    ago: (minutes) => new Date(base.getTime() - minutes * minute).toISOString(),
    id: (prefix, part) => `${prefix}_${slug}_${part}`,
  };
}
