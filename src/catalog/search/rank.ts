import MiniSearch from "minisearch";
import { createMeanings, type Meaning } from "./meanings.ts";
import type { Noun } from "./nouns.ts";
import { isFiller, stem, wordsOf } from "./words.ts";

/** How well one ResourceType fits a query. */
export interface Ranked {
  readonly noun: Noun;
  /** 0 to about 1. */
  readonly score: number;
  /** Indexes of the query's words that it answers to. */
  readonly matched: ReadonlySet<number>;
}

/** Ranks every ResourceType that has anything to do with `words`, the best first. */
export type Rank = (words: readonly string[]) => readonly Ranked[];

/** What a word that is in no name adds where it is in the text: a field's name, what is said of the noun, of its fields. */
const fieldCredit = 0.5;
const textCredit = 0.35;
/** The last word of a name is what the thing is; those before it say which. */
const headWeight = 1.3;
/** Words that every API has in names count for less. */
const fillerWeight = 0.4;
/** From this on a meaning is of a name, and what follows a preposition after it is what that belongs to. */
const namedWeight = 0.3;
/** What something belongs to is not what is asked for. */
const besideWeight = 0.7;
/** What no name holds, only texts. */
const textWeight = 0.75;
/** What is only named as what something belongs to. */
const contextWeight = 0.8;
/** In `StatusPageSubscriber`, `StatusPage` is a noun of its own: people leave it out. */
const familyWeight = 0.6;

interface Name {
  readonly noun: number;
  /** Its last word: what the thing is. */
  readonly head: string;
  readonly terms: ReadonlyMap<string, number>;
  readonly total: number;
}

/**
 * Ranks by how much of a name the query covers (rare words count more, and the last), then by how much of the query the name,
 * the fields and the texts cover. Verbs are no part of it. Built once per Catalog; a query costs what it matches.
 */
export function createRank(nouns: readonly Noun[]): Rank {
  const idf = rarity(nouns);
  const whole = new Set(nouns.flatMap((noun) => noun.names.map((terms) => terms.join(" "))));
  const names = nouns.flatMap((noun, index) => noun.names.map((terms) => nameOf(index, terms, { idf, whole })));
  const namesByTerm = new Map<string, Name[]>();
  for (const name of names) {
    for (const term of name.terms.keys()) {
      const known = namesByTerm.get(term);
      if (known === undefined) namesByTerm.set(term, [name]);
      else known.push(name);
    }
  }
  const meaningsOf = createMeanings([
    ...new Map(nouns.flatMap((noun) => noun.names.map((terms) => [terms.join(" "), terms]))).values(),
  ]);
  const texts = textIndex(nouns);
  return (words) => {
    const stems = words.map(stem);
    const meanings = meaningsOf(stems);
    const weights = wordWeights(words, stems, meanings, idf);
    const credits = namedCredits(words, stems, meanings, namesByTerm);
    addTexts(credits, stems, weights, nouns, texts);
    const asked = stems.join(" ");
    return [...credits]
      .map(([index, credit]) => rankedBy(nouns[index] as Noun, credit, { weights, asked }))
      .sort(
        (a, b) => b.score - a.score || a.noun.name.length - b.noun.name.length || (a.noun.name < b.noun.name ? -1 : 1),
      );
  };
}

/** What is known of one noun while a query is ranked. */
interface Credit {
  coverage: number;
  /** Some name of it is named before what it belongs to. */
  isAsked: boolean;
  /** By index of the query's word, 0 to 1. */
  readonly words: Map<number, number>;
  text: number;
}

function rarity(nouns: readonly Noun[]): (term: string) => number {
  const counts = new Map<string, number>();
  for (const { names } of nouns)
    for (const term of new Set(names.flat())) counts.set(term, (counts.get(term) ?? 0) + 1);
  return (term) => Math.log(2 + nouns.length / (counts.get(term) ?? 1)) * (isFiller(term) ? fillerWeight : 1);
}

interface Names {
  readonly idf: (term: string) => number;
  /** Every name there is, its words with spaces between them. */
  readonly whole: ReadonlySet<string>;
}

function nameOf(noun: number, words: readonly string[], { idf, whole }: Names): Name {
  const family = words.findLastIndex(
    (_word, at) => at < words.length - 1 && whole.has(words.slice(0, at + 1).join(" ")),
  );
  const place = (at: number): number => (at <= family ? familyWeight : at === words.length - 1 ? headWeight : 1);
  const terms = new Map(words.map((word, at) => [word, idf(word) * place(at)] as const));
  return { noun, head: words.at(-1) ?? "", terms, total: sum(terms.values()) };
}

/** How much each word of the query counts: a rare word of names most, one that no name knows a little, a filler nothing. */
function wordWeights(
  words: readonly string[],
  stems: readonly string[],
  meanings: readonly Meaning[],
  idf: (term: string) => number,
): readonly number[] {
  return words.map((word, at) => {
    const covering = meanings.filter((one) => one.words.includes(at));
    const isNamed = covering.some(({ terms }) => terms[0] === stems[at]);
    if (isFiller(word)) return 0;
    const most = Math.max(
      0,
      ...covering.map((one) => (one.weight * Math.min(...one.terms.map(idf))) / one.words.length),
    );
    return (isNamed ? Math.max(most, idf(stems[at] as string)) : Math.max(1, most)) * aside(words, at);
  });
}

/** The nouns whose names hold what the words mean. */
function namedCredits(
  query: readonly string[],
  stems: readonly string[],
  meanings: readonly Meaning[],
  namesByTerm: ReadonlyMap<string, readonly Name[]>,
): Map<number, Credit> {
  const touched = new Map<Name, { readonly terms: Map<string, number>; readonly words: Map<number, number> }>();
  const context = contextOf(query, meanings);
  for (const { words, terms, weight } of meanings) {
    const at = words[0] as number;
    const inPhrase = words.length === 1 && meanings.some((one) => one.words.length > 1 && one.words.includes(at));
    const isOwn = terms[0] === stems[at];
    const worth = weight * (inPhrase ? 0.5 : 1) * (isOwn && isFiller(query[at] ?? "") ? 0.5 : 1) * aside(query, at);
    for (const name of namesByTerm.get(terms[0] as string) ?? []) {
      if (!terms.every((term) => name.terms.has(term))) continue;
      const known = touched.get(name) ?? { terms: new Map(), words: new Map() };
      touched.set(name, known);
      for (const term of terms)
        raise(known.terms, term, worth * (term === name.head && at >= context ? besideWeight : 1));
      for (const word of words) raise(known.words, word, worth);
    }
  }
  const credits = new Map<number, Credit>();
  for (const [name, { terms, words }] of touched) {
    const covered = sum([...terms].map(([term, worth]) => (name.terms.get(term) ?? 0) * worth)) / name.total;
    const credit = creditOf(credits, name.noun);
    credit.coverage = Math.max(credit.coverage, covered);
    if (Math.min(...words.keys()) < context) credit.isAsked = true;
    for (const [word, worth] of words) raise(credit.words, word, worth);
  }
  return credits;
}

/**
 * Where what is asked for ends and what it belongs to begins: "the notes | of an incident". The first preposition after a word
 * that a name knows; the end where there is none.
 */
function contextOf(query: readonly string[], meanings: readonly Meaning[]): number {
  const first = meanings.find(
    ({ words, weight }) => weight >= namedWeight && !isFiller(query[words[0] as number] ?? ""),
  );
  if (first === undefined) return query.length;
  const at = query.findIndex((word, index) => index > Math.max(...first.words) && prepositions.has(word));
  return at < 0 ? query.length : at;
}

const prepositions: ReadonlySet<string> = new Set(
  "of on for from in to at about with by into onto through during against under".split(" "),
);

/** "in our project", "of this account" say where, not what. */
function aside(query: readonly string[], at: number): number {
  const before = query.slice(Math.max(0, at - 2), at).join(" ");
  return /^(in|of|for|within|at) (our|my|this|your)$/.test(before) ? 0.5 : 1;
}

function addTexts(
  credits: Map<number, Credit>,
  stems: readonly string[],
  weights: readonly number[],
  nouns: readonly Noun[],
  texts: MiniSearch,
): void {
  const asked = stems.filter((_word, at) => (weights[at] ?? 0) > 0);
  const results = asked.length === 0 ? [] : texts.search(asked.join(" "));
  const best = results[0]?.score ?? 1;
  for (const { id, score, terms } of results) {
    const credit = creditOf(credits, id as number);
    credit.text = score / best;
    const found = new Set(terms);
    const { fields } = nouns[id as number] as Noun;
    stems.forEach((word, at) => {
      if ((weights[at] ?? 0) > 0 && found.has(word))
        raise(credit.words, at, fields.has(word) ? fieldCredit : textCredit);
    });
  }
}

function creditOf(credits: Map<number, Credit>, noun: number): Credit {
  const known = credits.get(noun) ?? { coverage: 0, isAsked: false, words: new Map(), text: 0 };
  credits.set(noun, known);
  return known;
}

/** What a query asks: how much each of its words counts, and all its stems in one text. */
interface Asked {
  readonly weights: readonly number[];
  readonly asked: string;
}

function rankedBy(noun: Noun, { coverage, isAsked, words, text }: Credit, { weights, asked: whole }: Asked): Ranked {
  const asked = sum(weights);
  const answered =
    asked === 0 ? 0 : sum([...words].map(([at, worth]) => (weights[at] ?? 0) * Math.sqrt(worth))) / asked;
  const score =
    (0.4 * coverage + 0.55 * answered + 0.05 * text) * (coverage === 0 ? textWeight : isAsked ? 1 : contextWeight);
  const isName = noun.names.some((terms) => terms.join(" ") === whole);
  return {
    noun,
    score: isName ? 1 : Math.min(score, 0.99),
    matched: new Set([...words].filter(([, worth]) => worth > 0).map(([at]) => at)),
  };
}

/** BM25+ over what is said of nouns and fields. */
function textIndex(nouns: readonly Noun[]): MiniSearch {
  const index = new MiniSearch({
    fields: ["description", "fieldTexts"],
    tokenize: (text) => [...wordsOf(text)],
    processTerm: (term, field) => (field === undefined ? term : isFiller(term) ? null : stem(term)),
    searchOptions: { boost: { description: 2 }, tokenize: (text) => text.split(" "), processTerm: (term) => term },
  });
  index.addAll(nouns.map(({ description, fieldTexts }, id) => ({ id, description, fieldTexts })));
  return index;
}

function raise<Key>(map: Map<Key, number>, key: Key, value: number): void {
  if ((map.get(key) ?? 0) < value) map.set(key, value);
}

function sum(values: Iterable<number>): number {
  let total = 0;
  for (const value of values) total += value;
  return total;
}
