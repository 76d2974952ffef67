import { type Sureness, synonyms } from "./synonyms.ts";
import { stem, wordsOf } from "./words.ts";

/** A text of the query that means words of a name. */
export interface Meaning {
  /** Indexes of the query's words that it covers. */
  readonly words: readonly number[];
  /** Stems that must all stand in one name. */
  readonly terms: readonly string[];
  /** 1 for the word itself. */
  readonly weight: number;
}

const weights: Readonly<Record<Sureness, number>> = { same: 0.9, often: 0.65, hint: 0.3 };

interface Entry {
  readonly said: readonly string[];
  readonly terms: readonly string[];
  readonly weight: number;
}

/** All that the words of a query may mean in the names of one Catalog. */
export type MeaningsOf = (stems: readonly string[]) => readonly Meaning[];

/**
 * The meanings of queries in `names` (each the stems it is made of). A word that is near enough to one of theirs to be a
 * typing error of it means that one. Nothing is derived from queries: the table is `synonyms.ts`.
 */
export function createMeanings(names: readonly (readonly string[])[]): MeaningsOf {
  const vocabulary = new Set(names.flat());
  const stand = (terms: readonly string[]): boolean =>
    terms.every((term) => vocabulary.has(term)) &&
    (terms.length === 1 || names.some((name) => terms.every((term) => name.includes(term))));
  const entries = new Map<string, Entry[]>();
  for (const { said, meant, sureness } of synonyms) {
    const targets = meant.map(stemsOf).filter(stand);
    for (const words of said.map(stemsOf)) {
      for (const terms of targets) {
        if (terms.join(" ") === words.join(" ") || words[0] === undefined) continue;
        const known = entries.get(words[0]) ?? [];
        known.push({ said: words, terms, weight: weights[sureness] });
        entries.set(words[0], known);
      }
    }
  }
  const typos = shortened(vocabulary);
  return (stems) =>
    stems.flatMap((word, at) => {
      const own = vocabulary.has(word) ? [{ words: [at], terms: [word], weight: 1 }] : [];
      const others = (entries.get(word) ?? []).flatMap(({ said, terms, weight }) => {
        const words = placesOf(said, stems, at);
        return words === undefined ? [] : [{ words, terms, weight }];
      });
      if (own.length > 0 || others.length > 0) return [...own, ...others];
      return nearTo(word, typos, vocabulary).map((term) => ({ words: [at], terms: [term], weight: 0.7 }));
    });
}

const gap = "~";
/** Words that a gap stands for at most. */
const widest = 3;

function stemsOf(text: string): readonly string[] {
  return text.split(` ${gap} `).flatMap((part, at) => [...(at === 0 ? [] : [gap]), ...wordsOf(part).map(stem)]);
}

/** Where the words of a text stand in a query from `at` on; undefined where they do not. */
function placesOf(said: readonly string[], stems: readonly string[], at: number): readonly number[] | undefined {
  const places: number[] = [];
  let next = at;
  for (let index = 0; index < said.length; index++) {
    if (said[index] === gap) {
      const found = stems.indexOf(said[index + 1] as string, next + 1);
      if (found < 0 || found > next + widest) return undefined;
      next = found;
    } else if (stems[next] === said[index]) places.push(next++);
    else return undefined;
  }
  return places;
}

/** A word of fewer letters has too many others within one typing error. */
const shortestTypo = 6;

/** Every word of the vocabulary by itself with one letter left out: two words within one edit share such a key. */
function shortened(vocabulary: ReadonlySet<string>): ReadonlyMap<string, readonly string[]> {
  const byKey = new Map<string, string[]>();
  for (const word of vocabulary) {
    if (word.length < shortestTypo) continue;
    for (const key of new Set([word, ...withoutOne(word)])) byKey.set(key, [...(byKey.get(key) ?? []), word]);
  }
  return byKey;
}

function withoutOne(word: string): readonly string[] {
  return Array.from(word, (_letter, index) => word.slice(0, index) + word.slice(index + 1));
}

function nearTo(
  word: string,
  typos: ReadonlyMap<string, readonly string[]>,
  vocabulary: ReadonlySet<string>,
): readonly string[] {
  if (word.length < shortestTypo || word.length > 40) return [];
  const found = [word, ...withoutOne(word)].flatMap((key) => typos.get(key) ?? []);
  return [...new Set(found)].filter((one) => vocabulary.has(one) && one[0] === word[0]);
}
