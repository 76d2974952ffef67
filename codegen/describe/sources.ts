import type { Source } from "../../src/descriptor.ts";
import type { Document, SpecSchema } from "../model.ts";
import { propertiesOf, resolve, typeOf } from "../schemas.ts";

/** Where an answer tells of further items and of how many there are. */
export interface Sources {
  readonly next?: Source;
  readonly nextUrl?: Source;
  readonly hasMore?: Source;
  readonly total?: Source;
}

interface Leaf {
  readonly path: readonly string[];
  /** The last name without case and punctuation. */
  readonly key: string;
  /** All names joined the same way: `metatotal`. */
  readonly whole: string;
  readonly spec: SpecSchema;
  readonly type: string | undefined;
  readonly siblings: readonly string[];
}

const nextKeys =
  /^(next(page)?(cursor|token|marker|key|id)|next(page)?|endcursor|cursor|continue|continuationtoken|paginationtoken|scrollid|lastevaluatedkey|bookmark|after)$/;
const nextUrlKeys = /^(odatanextlink|nextlink|next(page)?(url|uri|link)|next|nextpage)$/;
const hasMoreKeys = /^(hasmore|hasnext(page)?|more|moreavailable|hasmore(items|results|pages|data)|istruncated)$/;
/** `count` alone is often the length of the page: it counts only by gateway.yaml. docs/upstream-apis.md §8. */
const totalKeys =
  /^(total|total(count|items|results|size|elements|records|hits|rows|number|entries|objects)|(items|results|records|elements|full|overall|odata|grand)?(total|totalcount)|odatacount|recordstotal|totalnumberof[a-z]+|numfound)$/;

/** Looks through the envelope of an answer, three levels deep and not inside its items. */
export function findSources(document: Document, answer: SpecSchema | undefined, itemsPath: readonly string[]): Sources {
  const leaves = answer === undefined ? [] : leavesOf(document, answer, itemsPath, []);
  const pick = (is: (leaf: Leaf) => boolean): Source | undefined => {
    const found = leaves.filter(is).sort((a, b) => a.path.length - b.path.length)[0];
    return found === undefined ? undefined : { path: found.path };
  };
  const next = pick((leaf) => nextKeys.test(leaf.key) && isToken(leaf) && !isUrl(leaf));
  const nextUrl = pick((leaf) => isNextUrl(leaf));
  const hasMore = pick((leaf) => hasMoreKeys.test(leaf.key) && leaf.type === "boolean");
  const total = pick((leaf) => isTotal(leaf));
  return {
    ...(next !== undefined && { next }),
    ...(nextUrl !== undefined && { nextUrl }),
    ...(hasMore !== undefined && { hasMore }),
    ...(total !== undefined && { total }),
  };
}

/** Response headers that hold a total or a next token. */
export function headerSource(headers: Readonly<Record<string, unknown>>, what: "total" | "next"): Source | undefined {
  const known =
    what === "total"
      ? ["x-total-count", "x-total", "x-wp-total", "total-count", "x-total-items", "x-total-results", "content-range"]
      : [
          "x-next-cursor",
          "next-cursor",
          "x-next-page-token",
          "x-continuation-token",
          "x-ms-continuation",
          "x-next-token",
        ];
  const header = known.find((name) => Object.hasOwn(headers, name));
  return header === undefined ? undefined : { header };
}

function leavesOf(document: Document, schema: unknown, itemsPath: readonly string[], path: readonly string[]): Leaf[] {
  if (path.length > 2 || typeOf(document, schema) !== "object") return [];
  const properties = propertiesOf(document, schema);
  const names = Object.keys(properties);
  return names.flatMap((name) => {
    const at = [...path, name];
    if (at.length === itemsPath.length && at.every((key, index) => key === itemsPath[index])) return [];
    const spec = resolve(document, properties[name]);
    const leaf = {
      path: at,
      key: plain(name),
      whole: at.map(plain).join(""),
      spec,
      type: typeOf(document, spec),
      siblings: names,
    };
    return [leaf, ...leavesOf(document, spec, itemsPath, at)];
  });
}

function plain(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9]/g, "");
}

function isToken({ type }: Leaf): boolean {
  return type === "string" || type === "integer" || type === undefined;
}

function isUrl({ spec, key, path }: Leaf): boolean {
  const isLink = spec.format === "uri" || spec.format === "url" || spec.format === "uri-reference";
  return isLink || /(url|uri|link)$/.test(key) || path.slice(0, -1).some((name) => /^_?links?$/i.test(name));
}

function isNextUrl(leaf: Leaf): boolean {
  const { key, path, type } = leaf;
  const isHref = key === "href" && plain(path.at(-2) ?? "") === "next";
  return (isHref || nextUrlKeys.test(key)) && (type === "string" || type === undefined);
}

/** A number; a `total` beside a `relation` may be a lower bound (Elasticsearch). */
function isTotal({ key, type, path, siblings }: Leaf): boolean {
  const isNumber = type === "integer" || type === "number";
  const isValueOfTotal = key === "value" && plain(path.at(-2) ?? "") === "total";
  return isNumber && (totalKeys.test(key) || isValueOfTotal) && !siblings.includes("relation") && !/pages?$/.test(key);
}
