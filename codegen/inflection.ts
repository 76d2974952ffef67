/**
 * The one inflection table: every tool, type and title that needs a singular or a plural asks here, so that the two can
 * never disagree (`get_on_call_policy`, `list_on_call_policies`). English nouns as they occur in APIs; lower case.
 */

/** Singular to plural, where no rule gives it. */
const irregular: Readonly<Record<string, string>> = {
  person: "people",
  child: "children",
  man: "men",
  woman: "women",
  foot: "feet",
  tooth: "teeth",
  mouse: "mice",
  goose: "geese",
  index: "indexes",
  matrix: "matrices",
  vertex: "vertices",
  criterion: "criteria",
  phenomenon: "phenomena",
  axis: "axes",
  leaf: "leaves",
  life: "lives",
  knife: "knives",
  wife: "wives",
  wolf: "wolves",
  shelf: "shelves",
  half: "halves",
  self: "selves",
  thief: "thieves",
  calf: "calves",
  loaf: "loaves",
  scarf: "scarves",
  quiz: "quizzes",
  hero: "heroes",
  potato: "potatoes",
  tomato: "tomatoes",
  echo: "echoes",
  veto: "vetoes",
  volcano: "volcanoes",
  tornado: "tornadoes",
  cargo: "cargoes",
  movie: "movies",
  cookie: "cookies",
  calorie: "calories",
  zombie: "zombies",
  selfie: "selfies",
  pie: "pies",
  tie: "ties",
  lie: "lies",
  die: "dies",
  cache: "caches",
  niche: "niches",
  avalanche: "avalanches",
  ache: "aches",
  headache: "headaches",
  alias: "aliases",
  canvas: "canvases",
  gas: "gases",
  bias: "biases",
  atlas: "atlases",
  lens: "lenses",
  bus: "buses",
  size: "sizes",
  prize: "prizes",
  maze: "mazes",
  chassis: "chassis",
  iris: "irises",
  database: "databases",
  menu: "menus",
  cpu: "cpus",
  gpu: "gpus",
  sku: "skus",
  tpu: "tpus",
  emu: "emus",
  gnu: "gnus",
  axe: "axes",
  taxi: "taxis",
};

/** Same in both. */
const uncountable: ReadonlySet<string> = new Set(
  (
    "series species data metadata information info equipment software hardware middleware firmware media feedback " +
    "analytics statistics news access progress money cash staff traffic weather health history inventory sms mms dns " +
    "aws gps tls https http rss css js os ios macos redis kubernetes s3 sepa chassis debris content telemetry billing " +
    "usage me self sheep fish police research evidence knowledge advice luggage furniture music electricity graphics " +
    "physics ethics logistics credentials premises headquarters whereabouts means dhcp cors sys gis"
  ).split(" "),
);

/** Other plurals that occur for an irregular noun. */
const alsoPlural: Readonly<Record<string, string>> = {
  indices: "index",
  persons: "person",
  matrixes: "matrix",
  vertexes: "vertex",
  statuses: "status",
  axes: "axis",
};

const pluralOf: ReadonlyMap<string, string> = new Map(Object.entries(irregular));
const singularOf: ReadonlyMap<string, string> = new Map([
  ...Object.entries(irregular).map(([one, many]): [string, string] => [many, one]),
  ...Object.entries(alsoPlural),
]);

type Ending = readonly [pattern: RegExp, replacement: string];

/** First match wins. Each ending is tried on a word that is in none of the tables. */
const toSingular: readonly Ending[] = [
  [/(ss|us|sis|xis|tis|ois)$/, "$1"],
  [/([^aeiou])ies$/, "$1y"],
  [/(analy|cri|the|hypothe|synop|diagno|empha|parenthe|oa|synthe|paraly)ses$/, "$1sis"],
  [/(ss|sh|ch|x|zz|tz)es$/, "$1"],
  [
    /(stat|bon|camp|vir|corp|cens|radi|foc|consens|apparat|surpl|pl|nex|geni|prospect|syllab|termin|abac|cact)uses$/,
    "$1us",
  ],
  [/s$/, ""],
];

const toPlural: readonly Ending[] = [
  [/(analy|cri|the|hypothe|synop|diagno|empha|parenthe|oa|synthe|paraly)sis$/, "$1ses"],
  [/([^aeiou])y$/, "$1ies"],
  [/(s|sh|ch|x|z)$/, "$1es"],
  [/$/, "s"],
];

/** The singular of one lower-case word; a singular or uncountable word as it is. */
export function singularWord(word: string): string {
  if (uncountable.has(word) || pluralOf.has(word)) return word;
  if (word.length < 3 || !/^[a-z]/.test(word)) return word;
  return singularOf.get(word) ?? byEnding(word, toSingular);
}

/** The plural of one lower-case word, given in either number; uncountable words as they are. */
export function pluralWord(word: string): string {
  const one = singularWord(word);
  if (uncountable.has(one)) return one;
  return pluralOf.get(one) ?? byEnding(one, toPlural);
}

function byEnding(word: string, endings: readonly Ending[]): string {
  const found = endings.find(([pattern]) => pattern.test(word));
  return found === undefined ? word : word.replace(found[0], found[1]);
}
