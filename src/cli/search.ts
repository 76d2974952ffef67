import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";
import { createCatalog } from "../catalog/catalog.ts";
import { createSearch, type Hit, type Search } from "../catalog/search/search.ts";
import { signatureOf } from "../catalog/signature.ts";
import { GatewayError } from "../errors.ts";
import { describedApi } from "./api.ts";
import type { Terminal } from "./terminal.ts";

/** Options of `specgate tools search`. */
export interface SearchFlags {
  readonly spec?: string;
  readonly config?: string;
  readonly header: Readonly<Record<string, string>>;
  readonly validate: boolean;
  readonly queries?: string;
  readonly limit: number;
  readonly json?: boolean;
}

/**
 * `specgate tools search WORDS`: the resource types that fit, each with its tools. With `--queries FILE.jsonl` one answer for each
 * line `{"query": …}`, in their order. Exit code 1 when the one query that was given found nothing.
 */
export async function searchTools(words: string | undefined, flags: SearchFlags, terminal: Terminal): Promise<number> {
  if ((words === undefined) === (flags.queries === undefined))
    throw usage("give words to search for, or --queries FILE.jsonl");
  const { api, file } = await describedApi(flags, terminal);
  const search = createSearch(createCatalog(api).tools, file?.search?.aliases);
  if (words !== undefined) return searchOnce(words, search, flags, terminal);
  for await (const query of queriesOf(flags.queries as string)) {
    if (flags.json) terminal.out(JSON.stringify(answerTo(query, search, flags.limit)));
    else await searchOnce(query, search, flags, terminal);
  }
  return 0;
}

function searchOnce(query: string, search: Search, { json, limit }: SearchFlags, terminal: Terminal): number {
  const { hits, lowConfidence, unmatched } = search(query, { limit });
  if (json) terminal.out(JSON.stringify(answerTo(query, search, limit)));
  else {
    for (const hit of hits) {
      terminal.out(`${hit.resource}  (${hit.tools.map(({ kind }) => kind).join(" ")})`);
      terminal.out(`  ${signatureOf(hit.tool)}`);
    }
    if (unmatched.length > 0) terminal.err(`matched nothing: ${unmatched.join(", ")}`);
    if (hits.length === 0) terminal.err(`nothing fits "${query}"`);
    else if (lowConfidence) terminal.err("none of these fits well");
  }
  return hits.length === 0 ? 1 : 0;
}

interface BatchAnswer {
  readonly query: string;
  readonly results: readonly {
    readonly resource: string;
    readonly kind: string;
    readonly tool: string;
    readonly operationId: string | null;
    readonly score: number;
  }[];
  readonly unmatched: readonly string[];
  readonly lowConfidence: boolean;
}

function answerTo(query: string, search: Search, limit: number): BatchAnswer {
  const { hits, lowConfidence, unmatched } = search(query, { limit });
  return { query, results: hits.map(resultOf), unmatched, lowConfidence };
}

function resultOf({ resource, tool, score }: Hit): BatchAnswer["results"][number] {
  return { resource, kind: tool.kind, tool: tool.name, operationId: tool.origin?.spec.operation.id ?? null, score };
}

/** Throws `invalid_request` that names the line which holds no query. */
async function* queriesOf(file: string): AsyncGenerator<string> {
  let line = 0;
  try {
    for await (const text of createInterface({ input: createReadStream(file) })) {
      line++;
      if (text.trim() !== "") yield queryIn(text, `${file}:${line}`);
    }
  } catch (thrown) {
    if (thrown instanceof GatewayError) throw thrown;
    throw new GatewayError("invalid_request", `cannot read ${file} (${(thrown as NodeJS.ErrnoException).code})`);
  }
}

function queryIn(text: string, place: string): string {
  try {
    const value = JSON.parse(text) as { readonly query?: unknown } | null;
    if (typeof value?.query === "string") return value.query;
  } catch {
    // said below, with the same words
  }
  throw new GatewayError("invalid_request", `${place}: not a JSON object with a text "query"`);
}

function usage(message: string): GatewayError {
  return new GatewayError("invalid_request", message, { data: { usage: true } });
}
