import { callerOn } from "./caller.ts";
import type { Corpus } from "./corpora.ts";
import { invalidMutations } from "./mutate.ts";
import { drawFor } from "./roundTrip.ts";

/** What came of calls with arguments that one mutation has made invalid. */
export interface Refusals {
  readonly mutations: number;
  /** Mutations that were not refused as `invalid_arguments`, or only after something had been sent. */
  readonly notRefused: readonly string[];
}

/** How thorough it is. */
export interface RefusalOptions {
  readonly seed: number;
  /** At most this many mutations of each Tool, spread over all that there are. */
  readonly perTool: number;
  /** One of so many Tools; default 1, each. */
  readonly oneOf?: number;
}

/** Calls the Tools of a corpus with invalid arguments. */
export async function refusedMutations(corpus: Corpus, options: RefusalOptions): Promise<Refusals> {
  const { seed, perTool, oneOf = 1 } = options;
  const caller = callerOn(corpus);
  const notRefused: string[] = [];
  let mutations = 0;
  for (const tool of caller.catalog.tools.filter((_tool, index) => index % oneOf === 0)) {
    const { value } = drawFor(caller, tool, new Set(), seed);
    const all = invalidMutations(tool, value);
    const step = Math.max(1, Math.floor(all.length / perTool));
    for (const { what, args } of all.filter((_mutation, index) => index % step === 0)) {
      const { refusal, requests } = await caller.call(tool, args);
      mutations++;
      if (refusal?.code === "invalid_arguments" && requests.length === 0) continue;
      notRefused.push(`${tool.name} ${what}: ${refusal?.code ?? "accepted"}, ${requests.length} sent`);
    }
  }
  return { mutations, notRefused };
}
