import type { PagingRule } from "../../src/config/codegen.ts";
import type { Paging, Slot } from "../../src/descriptor.ts";
import { GatewayError } from "../../src/errors.ts";
import type { Decision, Document, OperationParam, SpecSchema } from "../model.ts";
import { type Located, propertiesOf, resolve, successOf, typeOf } from "../schemas.ts";
import type { Context } from "./context.ts";
import type { Property, Shape } from "./shape.ts";
import { findSources, headerSource, type Sources } from "./sources.ts";

/** A place of a request that may be about paging: a parameter or a property of the body. */
interface Candidate {
  readonly slot: Slot;
  /** The name without case and punctuation: `pagesize`, `pagenumber`. */
  readonly key: string;
  readonly spec: SpecSchema;
  readonly type: string | undefined;
}

/** How a List is paged, and which places of the request are about paging and hence not the caller's. */
export interface PagingFound {
  readonly paging: Paging;
  readonly isReserved: (place: { readonly name: string; readonly in: string }) => boolean;
}

const limits = words(
  "limit pagesize perpage size maxresults top take maxitems resultsperpage itemsperpage numresults rpp maxpagesize pagelimit count first maxrecords rows",
);
const offsets = words("offset skip start startindex startat from firstresult pageoffset");
const pages = words("page pagenumber pageno pageindex p currentpage pagenum pg");
const cursors = words(
  "cursor after pagetoken nexttoken nextpagetoken continuationtoken continue marker starttoken startingtoken paginationtoken bookmark scrollid exclusivestartkey pageafter pagecursor nextcursor aftercursor pageid",
);
const keysets = words("startingafter afterid sinceid lastid");
const backwards = words(
  "before endingbefore pagebefore beforeid prevcursor previouscursor beforecursor previouspagetoken",
);

/** By gateway.yaml, else by the names and types that APIs use (docs/upstream-apis.md §7). */
export function findPaging(
  context: Context,
  decision: Decision,
  located: Located,
  body: Shape | undefined,
  answer: SpecSchema | undefined,
): PagingFound {
  const rule = context.rules.rule("paging", decision);
  const candidates = candidatesOf(context.document, decision.operation.params, body).filter(
    (one) => !isFilter(one, located, context.document),
  );
  if (rule !== undefined) return { paging: checkedRule(rule), isReserved: reservedBy(rule.paging, candidates) };
  const sources = findSources(context.document, answer, located.path);
  const paging = inferred(context.document, decision, candidates, sources, located);
  return { paging, isReserved: reservedBy(paging, candidates) };
}

function candidatesOf(document: Document, params: readonly OperationParam[], body: Shape | undefined): Candidate[] {
  const ofParam = ({ name, in: place, schema }: OperationParam): Candidate[] =>
    place === "query" || place === "header" ? [candidate(document, { name, in: place }, schema)] : [];
  const ofProperty = ({ name, spec }: Property) => candidate(document, { name, in: "body" }, spec);
  return [...params.flatMap(ofParam), ...(body?.properties ?? []).map(ofProperty)];
}

function candidate(document: Document, slot: Slot, schema: SpecSchema): Candidate {
  const spec = resolve(document, schema);
  const key = slot.name.toLowerCase().replace(/[^a-z0-9]/g, "");
  return { slot, key, spec, type: typeOf(document, spec) };
}

function inferred(
  document: Document,
  decision: Decision,
  candidates: readonly Candidate[],
  sources: Sources,
  located: Located,
): Paging {
  const limit = candidates.find((one) => isNumber(one) && limits.has(one.key));
  const offset = candidates.find((one) => isNumber(one) && offsets.has(one.key));
  const page = candidates.find((one) => isNumber(one) && pages.has(one.key));
  const cursor = candidates.find((one) => isToken(one) && cursors.has(one.key));
  const keyset = candidates.find((one) => isToken(one) && keysets.has(one.key));
  const headers = successOf(decision.operation)?.headers ?? {};
  const next = sources.next ?? headerSource(headers, "next");
  const total = sources.total ?? headerSource(headers, "total");
  const maximum = limit?.spec.maximum;
  const common = {
    ...(limit !== undefined && { limit: limit.slot }),
    ...(typeof maximum === "number" && maximum >= 1 && { maxLimit: Math.floor(maximum) }),
    ...(sources.hasMore !== undefined && { hasMore: sources.hasMore }),
    ...(total !== undefined && { total }),
  };
  if (cursor !== undefined && next !== undefined) return { ...common, style: "cursor", cursor: cursor.slot, next };
  const itemField = idField(document, located);
  if (keyset !== undefined && itemField !== undefined)
    return { ...common, style: "keyset", cursor: keyset.slot, itemField };
  if ("link" in headers) return { ...common, style: "link" };
  if (offset !== undefined) return { ...common, style: "offset", offset: offset.slot };
  if (page !== undefined) return { ...common, style: "page", page: page.slot, first: firstPage(page.spec) };
  if (sources.nextUrl !== undefined) return { ...common, style: "nextUrl", next: sources.nextUrl };
  return { ...common, style: "none" };
}

function isNumber({ type }: Candidate): boolean {
  return type === "integer" || type === "number";
}

/** A cursor is text (or a number, where it is an id), never a date: `after` may well be one. */
function isToken({ type, spec }: Candidate): boolean {
  return (type === "string" || type === "integer") && spec.format !== "date-time" && spec.format !== "date";
}

/** What the items themselves are described by (`size` of a disk, `count`, `pageId` of a status page) is a filter. */
function isFilter({ slot, key }: Candidate, located: Located, document: Document): boolean {
  const isAmbiguous = ["size", "count", "first", "rows", "top", "pageid"].includes(key);
  return isAmbiguous && Object.hasOwn(propertiesOf(document, located.schema), slot.name);
}

function firstPage(spec: SpecSchema): number {
  const given = [spec.minimum, spec.default].find((value) => value === 0 || value === 1);
  return given === 0 ? 0 : 1;
}

/** The item's own identifier. */
function idField(document: Document, located: Located): string | undefined {
  const names = Object.keys(propertiesOf(document, located.schema));
  return ["id", "_id", "uuid", "uid"].find((name) => names.includes(name));
}

/** Everything about paging that the request offers: with one way chosen, the others would only contradict it. */
function reservedBy(paging: Paging, candidates: readonly Candidate[]): PagingFound["isReserved"] {
  const slots: Slot[] = [paging.limit, ...slotsOf(paging)].filter((slot) => slot !== undefined);
  const names = new Set(slots.map(({ name }) => name));
  const others = candidates.filter((one) => {
    if (paging.style === "none") return false;
    if (isNumber(one) && (offsets.has(one.key) || pages.has(one.key))) return paging.style !== "keyset";
    const isTokenStyle = paging.style === "cursor" || paging.style === "keyset";
    return isToken(one) && (cursors.has(one.key) || (isTokenStyle && (backwards.has(one.key) || keysets.has(one.key))));
  });
  const reserved = new Set(others.map(({ slot }) => `${slot.in} ${slot.name}`));
  return ({ name, in: place }) => place !== "path" && (names.has(name) || reserved.has(`${place} ${name}`));
}

function slotsOf(paging: Paging): Slot[] {
  switch (paging.style) {
    case "offset":
      return [paging.offset];
    case "page":
      return [paging.page];
    case "cursor":
    case "keyset":
      return [paging.cursor];
    case "link":
    case "nextUrl":
    case "none":
      return [];
    default:
      return paging satisfies never;
  }
}

const needed: Readonly<Record<Paging["style"], readonly string[]>> = {
  offset: ["offset"],
  page: ["page", "first"],
  cursor: ["cursor", "next"],
  keyset: ["cursor", "itemField"],
  link: [],
  nextUrl: ["next"],
  none: [],
};

function checkedRule({ paging, match }: PagingRule): Paging {
  const missing = needed[paging.style].filter((key) => !(key in paging));
  if (missing.length === 0) return paging;
  throw new GatewayError(
    "invalid_request",
    `codegen.paging for ${JSON.stringify(match ?? "*")}: style ${paging.style} needs ${missing.join(" and ")}`,
    {
      next: "Complete the rule in gateway.yaml.",
    },
  );
}

function words(text: string): ReadonlySet<string> {
  return new Set(text.split(" "));
}
