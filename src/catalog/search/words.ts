/**
 * A text in the words that search compares: lower case, names of every style taken apart, quoted values and numbers left out,
 * endings removed. Short function words are kept here; {@link isFiller} tells them.
 */
export function wordsOf(text: string): readonly string[] {
  return merged(
    split(text)
      .toLowerCase()
      .replace(/['’]s\b/g, "")
      .split(/[^\p{L}\p{N}]+/u)
      .filter((word) => word !== "" && !/^\d+(st|nd|rd|th|am|pm|h|m|s|ms|min|%)?$/.test(word))
      .map((word) => word.normalize("NFKD").replace(/\p{M}/gu, "")),
  );
}

/** `OnCallPolicy` → `On Call Policy`, `APIKey` → `API Key`. */
function split(text: string): string {
  return text.replace(/(\p{Ll}|\p{N})(\p{Lu})/gu, "$1 $2").replace(/(\p{Lu})(\p{Lu}\p{Ll})/gu, "$1 $2");
}

/** What is written as one word, as two and with a hyphen: one word. */
const compounds: ReadonlySet<string> = new Set([
  "on call",
  "e mail",
  "log in",
  "sign in",
  "sign on",
  "sign up",
  "set up",
  "web hook",
  "web site",
  "time line",
  "time out",
  "down time",
  "up time",
  "head line",
  "stand by",
  "end point",
  "back up",
  "micro service",
  "health check",
  "data base",
  "dash board",
  "time zone",
  "user name",
  "host name",
  "sub domain",
]);

function merged(words: readonly string[]): readonly string[] {
  const out: string[] = [];
  for (const word of words) {
    const last = out.at(-1);
    if (last !== undefined && compounds.has(`${last} ${singular(word)}`)) out[out.length - 1] = last + word;
    else out.push(word);
  }
  return out;
}

/**
 * A word without its ending, so that `policies` and `policy`, `scheduled` and `schedule` meet. What is left is no word and is
 * shown to nobody. A light form of Porter's rules (https://tartarus.org/martin/PorterStemmer/): the words of APIs are nouns.
 */
export function stem(word: string): string {
  const known = stems.get(word);
  if (known !== undefined) return known;
  const made = withoutEnding(singular(word));
  if (stems.size < 20_000) stems.set(word, made);
  return made;
}

const stems = new Map<string, string>();

function singular(word: string): string {
  if (word.length <= 3 || /(ss|us|is)$/.test(word)) return word;
  if (word.endsWith("ies")) return `${word.slice(0, -3)}y`;
  if (/(sses|xes|ches|shes|zes)$/.test(word)) return word.slice(0, -2);
  return word.endsWith("s") ? word.slice(0, -1) : word;
}

function withoutEnding(word: string): string {
  const cut = (count: number): string => {
    const rest = word.slice(0, -count);
    return /([bdfgmnprt])\1$/.test(rest) ? rest.slice(0, -1) : rest;
  };
  const holdsVowel = (count: number): boolean => /[aeiouy]/.test(word.slice(0, -count)) && word.length - count >= 3;
  if (word.endsWith("ied") && word.length > 4) return `${word.slice(0, -3)}y`;
  if (word.endsWith("ing") && holdsVowel(3)) return silent(cut(3));
  if (word.endsWith("ed") && holdsVowel(2) && !word.endsWith("eed")) return silent(cut(2));
  if (word.endsWith("ion") && word.length > 7) return silent(word.slice(0, -3));
  return silent(word);
}

function silent(word: string): string {
  return word.length > 4 && word.endsWith("e") ? word.slice(0, -1) : word;
}

/** Whether a word says nothing of what is looked for: articles, pronouns, auxiliaries, times, politeness. */
export function isFiller(word: string): boolean {
  return fillers.has(word) || word.length === 1;
}

const fillers: ReadonlySet<string> = new Set(
  `a about after again all already also always am an and another any anybody anyone anything are around as at away back be because been before
  being below between both but by can cannot could current currently did do does doing done down during each either else enough ever every
  everybody everyone everything exist exists few for from further give given gives go goes going got get gets getting had has have having he
  hello help her here hers hey hi him his how i if in into is it its itself just kind kindly know last late lately latest less let lets like
  likes look looking lot make makes many may maybe me might mine moment month monday tuesday wednesday thursday friday saturday sunday january
  february march april june july august september october november december more morning most much must my need needs never new newest next no
  nobody none nor not nothing now of off often ok okay old older on once one ones only onto or other others our ours out over own per please
  possible put quite rather really recent recently right same see seem she should show since so some somebody someone something soon still such
  take takes taken than thank thanks that the their them then there these they thing things this those through till to today tomorrow tonight too
  two three four five six seven eight nine ten under until up upon us use used using very want wants was way we week weekend well were what
  whatever when where whether which while who whom whose why will with within without won work works would yesterday yet you your yours year
  hour hours minute minutes second seconds day days night evening afternoon noon oclock tell say says said exactly actually first second third time times called
  name names id ids number numbers list lists count counts find search fetch read display view views update updates create creates delete deletes
  remove removes add adds change changes set sets edit edits retrieve manage value values item items object objects entry entries endpoint
  endpoints api call`
    .split(/\s+/)
    .filter((word) => !["endpoint", "endpoints", "api", "call", "views", "view"].includes(word)),
);
