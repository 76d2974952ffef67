import { describe, expect, it, vi } from "vitest";
import { beaconCorpus, exampleCorpus, exampleNames, oneuptimeCorpus, oneuptimeMissing } from "../roundtrip/corpora.ts";
import { expectWhole } from "../roundtrip/expectations.ts";
import { plantedBugs } from "../roundtrip/planted.ts";
import { refusedMutations } from "../roundtrip/refusals.ts";
import { roundTrip } from "../roundtrip/roundTrip.ts";

// Whole documents, every tool: what a schema allows becomes a request that the document describes, in the eyes of a validator
// that shares no code with ours. More draws: `npm run nightly`.

vi.setConfig({ testTimeout: 600_000 }); // a bound that catches hangs; the longest takes half a minute on two free cores

const draws = 2;
const seed = 20_260_728;

describe("every tool of every example of @readme/oas-examples", () => {
  it("sends what its document describes, whatever valid arguments it gets", async () => {
    for (const name of exampleNames()) {
      const corpus = await exampleCorpus(name);
      expectWhole(corpus, await roundTrip(corpus, { draws, seed }));
    }
  });

  it("refuses arguments that one mutation made invalid, before anything is sent", async () => {
    let mutations = 0;
    for (const name of exampleNames()) {
      const refused = await refusedMutations(await exampleCorpus(name), { seed, perTool: 12, oneOf: 3 });
      mutations += refused.mutations;
      expect([name, refused.notRefused]).toEqual([name, []]);
    }
    expect(mutations).toBeGreaterThan(1_000);
  });

  for (const { name, tamper } of plantedBugs) {
    it(`shows a serialiser in which ${name}`, async () => {
      const styles = await exampleCorpus("3.0/json/star-trek.json");
      const petstore = await exampleCorpus("3.0/json/petstore.json");
      const reports = [
        await roundTrip(styles, { draws, seed, tamper }),
        await roundTrip(petstore, { draws, seed, tamper }),
      ];
      expect(reports.flatMap(({ failures }) => failures).length).toBeGreaterThan(0);
    });
  }
});

describe("every tool of Beacon", () => {
  it("sends what its document describes, whatever valid arguments it gets", async () => {
    const corpus = await beaconCorpus();
    expectWhole(corpus, await roundTrip(corpus, { draws, seed }));
  });

  it("refuses arguments that one mutation made invalid, before anything is sent", async () => {
    const { mutations, notRefused } = await refusedMutations(await beaconCorpus(), { seed, perTool: 12, oneOf: 4 });
    expect(notRefused).toEqual([]);
    expect(mutations).toBeGreaterThan(1_000);
  });
});

const note = oneuptimeMissing === false ? "" : ` (${oneuptimeMissing})`;

describe.skipIf(oneuptimeMissing !== false)(`every tool of the OneUptime document of 2025-06-26${note}`, () => {
  it("sends what the document and its overlay describe, filters, sort, selection and pages too", async () => {
    const corpus = await oneuptimeCorpus();
    expectWhole(corpus, await roundTrip(corpus, { draws, seed }));
  });

  it("refuses arguments that one mutation made invalid, before anything is sent", async () => {
    const { mutations, notRefused } = await refusedMutations(await oneuptimeCorpus(), { seed, perTool: 12, oneOf: 6 });
    expect(notRefused).toEqual([]);
    expect(mutations).toBeGreaterThan(500);
  });
});
