import { describe, expect, it } from "vitest";
import { beyond, sometimesBeyond } from "../roundtrip/beyond.ts";
import {
  beaconCorpus,
  type Corpus,
  exampleCorpus,
  exampleNames,
  oneuptimeCorpus,
  oneuptimeMissing,
} from "../roundtrip/corpora.ts";
import { expressible } from "../roundtrip/expressible.ts";
import { oneuptimeDecides } from "../roundtrip/oneuptimeDecided.ts";
import { roundTrip } from "../roundtrip/roundTrip.ts";

// The schema profile loses nothing: what a document allows can still be said, and what a tool allows beyond its document stands
// in the manifest. The other direction, that what a tool allows is accepted, is roundTrip.test.ts.

const seed = 20_260_728;

/** Tools with calls that only the strict reading of a document refuses: some oneOf was loosened. */
async function beyondDocument(corpus: Corpus): Promise<readonly string[]> {
  const { failures } = await roundTrip(corpus, { draws: 2, seed, keepsOneOf: true });
  const excused = [...Object.keys(beyond[corpus.name] ?? {}), ...(sometimesBeyond[corpus.name] ?? [])];
  const tools = new Set(failures.map((line) => line.split(" ")[0] ?? ""));
  return [...tools].filter((tool) => !excused.includes(tool));
}

/** Whether the manifest tells that alternatives may overlap, or a discriminator tells them apart. */
function isTold({ described, document }: Corpus): boolean {
  const isLoosened = described.manifest.loosened.some(({ what }) => what.startsWith("oneOf served as anyOf"));
  return isLoosened || JSON.stringify(document).includes('"discriminator"');
}

/** Fields that no filter takes, since it would tell them bit by bit. */
function secretNames({ described }: Corpus): ReadonlySet<string> {
  const fields = described.api.resources.flatMap((resource) => Object.entries(resource.fields));
  return new Set(fields.flatMap(([name, { secret }]) => (secret ? [name] : [])));
}

describe("what a document allows", () => {
  it("can be said with the arguments of every example's tools", async () => {
    let said = 0;
    for (const name of exampleNames()) {
      const found = await expressible(await exampleCorpus(name), [seed, seed + 1, seed + 2]);
      said += found.said;
      expect([name, found.lost.slice(0, 5)]).toEqual([name, []]);
    }
    expect(said).toBeGreaterThan(1_500);
  });

  it("can be said with the arguments of Beacon's tools", async () => {
    const { said, lost } = await expressible(await beaconCorpus(), [seed]);
    expect(lost.slice(0, 5)).toEqual([]);
    expect(said).toBeGreaterThan(800);
  });

  it.skipIf(oneuptimeMissing !== false)(
    `can be said with the tools of OneUptime ${oneuptimeMissing || ""}`,
    async () => {
      const corpus = await oneuptimeCorpus();
      const { said, lost } = await expressible(corpus, [seed], oneuptimeDecides);
      const secret = secretNames(corpus);
      const told = lost.filter((line) => !secret.has(/unknown field "(\w+)" in (query|sort)/.exec(line)?.[1] ?? ""));
      expect(told).toEqual([]);
      expect(said).toBeGreaterThan(650);
    },
  );
});

describe("what a tool allows beyond its document", () => {
  it("stands in the manifest of every example", async () => {
    let strict = 0;
    for (const name of exampleNames()) {
      const corpus = await exampleCorpus(name);
      const refused = await beyondDocument(corpus);
      strict += refused.length;
      expect([name, isTold(corpus) ? [] : refused]).toEqual([name, []]);
    }
    expect(strict).toBeGreaterThan(0); // else the strict reading reads nothing
  });
});
