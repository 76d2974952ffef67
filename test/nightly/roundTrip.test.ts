import { describe, expect, it } from "vitest";
import {
  beaconCorpus,
  type Corpus,
  exampleCorpus,
  exampleNames,
  oneuptimeCorpus,
  oneuptimeMissing,
} from "../roundtrip/corpora.ts";
import { expectWhole } from "../roundtrip/expectations.ts";
import { refusedMutations } from "../roundtrip/refusals.ts";
import { roundTrip } from "../roundtrip/roundTrip.ts";

// The round trip of test/e2e with more draws and other seeds each night. A failure prints its seed; put it into SEED to see it again.

const draws = 20;
const seed = Number(process.env.SEED ?? Math.floor(Date.now() / 86_400_000));

async function check(make: () => Promise<Corpus>): Promise<void> {
  const corpus = await make();
  const report = await roundTrip(corpus, { draws, seed });
  process.stdout.write(`round trip, ${corpus.name}: ${report.tools} tools, ${report.draws} draws, seed ${seed}\n`);
  expectWhole(corpus, report);
  const { mutations, notRefused } = await refusedMutations(corpus, { seed, perTool: 40 });
  process.stdout.write(`round trip, ${corpus.name}: ${mutations} invalid arguments\n`);
  expect(notRefused).toEqual([]);
}

describe(`the round trip with ${draws} draws of each tool (SEED=${seed})`, () => {
  for (const name of exampleNames()) it(`over ${name}`, () => check(() => exampleCorpus(name)));

  it("over Beacon", () => check(beaconCorpus));

  it.skipIf(oneuptimeMissing !== false)(`over OneUptime ${oneuptimeMissing || ""}`, () => check(oneuptimeCorpus));
});
