import { expect } from "vitest";
import { madeOf } from "../fakes/gateway.ts";
import { beyond, sometimesBeyond } from "./beyond.ts";
import type { Corpus } from "./corpora.ts";
import type { Report } from "./roundTrip.ts";

/**
 * Every Operation that is a Tool was called, every call was accepted and every point of every schema was reached; what stands in
 * `beyond` did not come through. Says what went wrong, a few lines of it.
 */
export function expectWhole(corpus: Corpus, report: Report): void {
  const excused = Object.keys(beyond[corpus.name] ?? {});
  const both = [...excused, ...(sometimesBeyond[corpus.name] ?? [])];
  const isExcused = (line: string): boolean => both.includes(line.split(" ")[0] ?? "");
  const failed = new Set(report.failures.map((line) => line.split(" ")[0]));
  const made = madeOf(corpus.described).filter(({ tool }) => !excused.includes(tool));
  expect({
    failures: report.failures.filter((line) => !isExcused(line)).slice(0, 10),
    unreached: report.unreached.filter((line) => !isExcused(line)).slice(0, 10),
    notCalled: made.filter(({ tool }) => !report.accepted.has(tool)).map(({ tool }) => tool),
    excusedButWhole: excused.filter((tool) => !failed.has(tool)),
  }).toEqual({ failures: [], unreached: [], notCalled: [], excusedButWhole: [] });
}
