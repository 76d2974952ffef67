import { createHash } from "node:crypto";
import { pluralWord, singularWord } from "./inflection.ts";

/** Spellings whose inner capitals do not start a word. */
const oneWord: Readonly<Record<string, string>> = {
  OAuth: "Oauth",
  GitHub: "Github",
  GitLab: "Gitlab",
  GraphQL: "Graphql",
  OpenAPI: "Openapi",
  PostgreSQL: "Postgresql",
  MySQL: "Mysql",
  NoSQL: "Nosql",
  macOS: "Macos",
  iOS: "Ios",
  IPv4: "Ipv4",
  IPv6: "Ipv6",
  URLs: "Urls",
  IDs: "Ids",
  APIs: "Apis",
  IPs: "Ips",
  VMs: "Vms",
};
const oneWordPattern = new RegExp(Object.keys(oneWord).join("|"), "g");

/**
 * The words of an identifier or phrase, lower case, `[a-z0-9]` only: `listHTTPMonitors` → `list http monitors`.
 * Marks are dropped (`é` → `e`). A word with any other letter than `a-z` becomes `x` and six hex digits of its SHA-256, so that
 * a look-alike letter never yields the name of another word. Empty for text without letters or digits.
 */
export function splitWords(text: string): string[] {
  const plain = text
    .normalize("NFKD")
    .replace(/[\p{M}\p{Cf}]/gu, "")
    .replace(/['’]s\b/g, "s")
    .replace(oneWordPattern, (found) => oneWord[found] ?? found)
    .replace(/([\p{Ll}\p{N}])(\p{Lu})/gu, "$1 $2")
    .replace(/(\p{Lu}+)(\p{Lu}\p{Ll})/gu, "$1 $2");
  return plain
    .split(/[^\p{L}\p{N}]+/u)
    .filter((word) => word !== "")
    .map((word) => asciiWord(word.toLowerCase()));
}

function asciiWord(word: string): string {
  return /^[a-z0-9]+$/.test(word) ? word : `x${hexOf(word, 6)}`;
}

/** The first `digits` hex digits of the SHA-256 of the text. */
export function hexOf(text: string, digits: number): string {
  return createHash("sha256").update(text).digest("hex").slice(0, digits);
}

/** `["on", "call"]` → `on_call`. */
export function snake(words: readonly string[]): string {
  return words.join("_");
}

/** `["on", "call"]` → `on-call`. */
export function kebab(words: readonly string[]): string {
  return words.join("-");
}

/** `["on", "call"]` → `OnCall`; a leading digit gets `N` before it, so that it is an identifier. Empty stays empty. */
export function pascal(words: readonly string[]): string {
  const name = words.map(capitalised).join("");
  return /^[0-9]/.test(name) ? `N${name}` : name;
}

/** `["on", "call"]` → `onCall`. */
export function camel(words: readonly string[]): string {
  const name = pascal(words);
  return name.charAt(0).toLowerCase() + name.slice(1);
}

/** `["on", "call", "api"]` → `On Call API`. */
export function titleOf(words: readonly string[]): string {
  return words.map((word) => (acronyms.has(word) ? word.toUpperCase() : capitalised(word))).join(" ");
}

const acronyms: ReadonlySet<string> = new Set(
  "api http https url uri id ip dns tls ssl sms sql json xml csv html css pdf cpu gpu vm ai sso mfa sla slo jwt ssh tcp udp ui aws".split(
    " ",
  ),
);

/** The words with the last one in the singular. */
export function singular(words: readonly string[]): string[] {
  return lastMapped(words, singularWord);
}

/** The words with the last one in the plural, whether it was singular or plural before. */
export function plural(words: readonly string[]): string[] {
  return lastMapped(words, pluralWord);
}

/** The last word is a plural and could be singular: `monitors` yes, `status`, `data` and `monitor` no. */
export function isPlural(words: readonly string[]): boolean {
  const last = words.at(-1);
  return last !== undefined && singularWord(last) !== last;
}

function lastMapped(words: readonly string[], change: (word: string) => string): string[] {
  return words.map((word, at) => (at === words.length - 1 ? change(word) : word));
}

function capitalised(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}

/**
 * A noun as a type name in the singular, with the capitals it was written with: `AIAgents` → `AIAgent`, `on-call-policies` →
 * `OnCallPolicy`. Empty for text without letters or digits.
 */
export function typeName(noun: string): string {
  const words = splitWords(noun);
  const one = singular(words);
  if (!/^[A-Z][A-Za-z0-9]*$/.test(noun)) return pascal(one);
  const last = words.at(-1) ?? "";
  if (one.at(-1) === last) return noun;
  return noun.slice(0, noun.length - last.length) + capitalised(one.at(-1) ?? "");
}
