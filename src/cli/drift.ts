import { stringify } from "yaml";
import { anonymous } from "../auth/authenticate.ts";
import { readCredential } from "../auth/credential.ts";
import { deriveKeys } from "../auth/keys.ts";
import type { Call, Next, Outcome } from "../calls/call.ts";
import { createRunCall } from "../calls/runCall.ts";
import { createCatalog } from "../catalog/catalog.ts";
import type { Tool, ToolOrigin } from "../catalog/tool.ts";
import { createValidator } from "../catalog/validator.ts";
import type { CodegenConfig } from "../config/codegen.ts";
import type { Config } from "../config/config.ts";
import { readEnvironment } from "../config/environment.ts";
import { type GatewayFile, readGatewayFile, resolveConfig } from "../config/load.ts";
import type { Api } from "../descriptor.ts";
import { GatewayError } from "../errors.ts";
import { Secret } from "../telemetry/secret.ts";
import { createUpstream } from "../upstream/client.ts";
import { describeInMemory, loadGenerated } from "./api.ts";
import { createFindings, type Finding } from "./drift/findings.ts";
import { type Correction, correctionOf } from "./drift/propose.ts";
import { argumentsOf, createKnownIds, type PathValues, readsOf } from "./drift/reads.ts";
import { chooseProject } from "./projects.ts";
import { progressLine, type Terminal } from "./terminal.ts";

/** Options of `specgate drift`. */
export interface DriftFlags {
  readonly spec?: string;
  readonly config?: string;
  readonly upstream?: string;
  /** Sent to the API: the key first of all. */
  readonly header: Readonly<Record<string, string>>;
  /** Items of each List. */
  readonly limit: number;
  /** Requests at most. */
  readonly maxReads: number;
  readonly validate: boolean;
  readonly json?: boolean;
}

/** What `specgate drift` found, as `--json` prints it. */
export interface DriftReport {
  readonly api: string;
  /** Answers read, and items checked in them. */
  readonly reads: number;
  readonly items: number;
  /** Tools that were not read, and why. */
  readonly unread: readonly { readonly tool: string; readonly why: string }[];
  readonly findings: readonly (Finding & { readonly correction: Correction })[];
  /** All corrections together: what belongs under `codegen` in gateway.yaml. */
  readonly codegen: Correction;
}

/**
 * `specgate drift`: calls every List and Get of a real API, a few instances of each and nothing that changes anything, and holds
 * the answers against the Spec. Prints for each difference the decision in gateway.yaml that corrects the Spec. Resolves to 0
 * when there is none, 1 when there are some.
 */
export async function runDrift(flags: DriftFlags, terminal: Terminal): Promise<number> {
  const { api, file } = await readApi(flags, terminal);
  const config = resolveConfig(file, readEnvironment(process.env), upstreamFlag(flags), api.version);
  const report = await findDrift(api, config, flags, terminal);
  if (report.reads === 0)
    throw new GatewayError(
      "invalid_request",
      `nothing could be read: ${report.unread[0]?.why ?? "the API has no lists"}`,
      {
        next: "Check the URL, and the key: --header x-api-key=KEY.",
      },
    );
  if (flags.json) terminal.out(JSON.stringify(report, null, 2));
  else print(report, terminal);
  return report.findings.length > 0 ? 1 : 0;
}

function upstreamFlag({ upstream }: DriftFlags): { readonly upstreamUrl?: string } {
  return upstream === undefined ? {} : { upstreamUrl: upstream };
}

/** From the Spec wherever it is at hand, so that a decision just made counts without generating first. */
async function readApi(
  { spec, config, validate }: DriftFlags,
  terminal: Terminal,
): Promise<{ readonly api: Api; readonly file: GatewayFile }> {
  const project = spec === undefined ? chooseProject(process.cwd(), config) : undefined;
  const path = project?.config ?? config;
  const file = path === undefined ? undefined : readGatewayFile(path);
  const document = spec ?? project?.spec;
  if (document === undefined && project !== undefined && file !== undefined)
    return { api: await loadGenerated({ ...project, name: file.api }), file };
  const api = await describeInMemory({ spec: document ?? "-", header: {}, validate }, file?.codegen ?? {}, terminal);
  return { api, file: file ?? { api: api.name } };
}

async function findDrift(api: Api, config: Config, flags: DriftFlags, terminal: Terminal): Promise<DriftReport> {
  const { differences } = createValidator();
  const findings = createFindings();
  const known = createKnownIds();
  const unread: { tool: string; why: string }[] = [];
  const progress = progressLine(terminal);
  const { run, close } = readerOf(config, flags);
  let reads = 0;
  let items = 0;
  const read = async (
    tool: Tool & { readonly origin: ToolOrigin },
    values: PathValues,
  ): Promise<string | undefined> => {
    const found = argumentsOf(tool, values, flags.limit);
    if ("needs" in found) return `it needs ${found.needs}`;
    try {
      const answered = itemsOf(await run(tool, found.args));
      if (tool.kind === "list") known.learn(tool.origin, values, answered);
      for (const item of answered) findings.add(tool, differences(tool, item));
      items += answered.length;
      reads += 1;
      return undefined;
    } catch (thrown) {
      return GatewayError.from(thrown).message;
    }
  };
  try {
    for (const tool of readsOf(createCatalog(api).tools)) {
      progress.step(`${tool.name} …`);
      const tuples = known.valuesFor(tool.origin);
      let why: string | undefined = tuples.length === 0 ? "no id to call it with was found" : undefined;
      for (const values of tuples) {
        if (reads >= flags.maxReads) why = `--max-reads ${flags.maxReads} was reached`;
        if (why !== undefined) break;
        why = await read(tool, values);
      }
      if (why !== undefined) unread.push({ tool: tool.name, why });
    }
  } finally {
    progress.done();
    await close();
  }
  return reportOf(api, config.codegen, { reads, items, unread, findings: findings.all() });
}

type Seen = Pick<DriftReport, "reads" | "items" | "unread"> & { readonly findings: readonly Finding[] };

function reportOf(api: Api, codegen: CodegenConfig, { findings, ...seen }: Seen): DriftReport {
  const all = correctionOf(api, codegen, findings);
  return {
    api: api.name,
    ...seen,
    findings: findings.map((one) => ({ ...one, correction: partOf(all, `${one.resource}.${one.path[0] ?? ""}`) })),
    codegen: all,
  };
}

/** What corrects one field; several findings of a field share it. */
function partOf({ enums = {}, fields = {} }: Correction, key: string): Correction {
  return {
    ...(enums[key] !== undefined && { enums: { [key]: enums[key] } }),
    ...(fields[key] !== undefined && { fields: { [key]: fields[key] } }),
  };
}

function itemsOf({ structured }: Outcome): readonly unknown[] {
  const { items, item } = structured ?? {};
  return Array.isArray(items) ? items : item === undefined ? [] : [item];
}

/** Answers that are checked whole may be larger than one that a model reads. */
const resultBytes = 4_194_304;

interface Reader {
  readonly run: (tool: Tool, args: Call["args"]) => Promise<Outcome>;
  readonly close: () => Promise<void>;
}

/** Runs Tools as the gateway does, for one caller: the key among the headers. */
function readerOf(config: Config, { header }: DriftFlags): Reader {
  const names = config.credentials.headers;
  const credential = readCredential(Object.entries(header).flat(), names);
  const more = Object.fromEntries(Object.entries(header).filter(([name]) => !names.includes(name)));
  const own = Object.values(config.upstreams)[0];
  if (own === undefined) throw new Error("a Config has an upstream"); // resolveConfig sees to it
  const upstream = createUpstream({ ...own, headers: { ...own.headers, ...more } });
  const next: Next = createRunCall({
    upstreamFor: () => upstream,
    scopes: config.scopes,
    validator: createValidator(),
    cursorKeys: deriveKeys([new Secret("no cursor of a single run is ever used")], "cursor"),
    limits: { resultBytes, countPages: 1 },
  });
  const call = {
    principal: credential === null ? anonymous : { ...anonymous, id: "drift", credential },
    surface: "drift",
    requestId: "drift",
    signal: new AbortController().signal,
    notify: () => undefined,
    ask: async () => [],
  };
  return { run: (tool, args) => next({ ...call, tool, args }), close: upstream.close };
}

/** Tools named of those that were not read for one reason; `--json` names all. */
const maxNamed = 5;

function print({ api, reads, items, unread, findings, codegen }: DriftReport, { out, err }: Terminal): void {
  for (const { resource, text, items: count, tools, isNoun } of findings) {
    out(`${resource}: ${text} (${count} ${count === 1 ? "item" : "items"}; ${tools.join(", ")})`);
    if (!isNoun) out("  No decision in gateway.yaml reaches this answer: correct the document.");
  }
  if (Object.keys(codegen).length > 0)
    out(
      `\nFor gateway.yaml, then run \`specgate generate\`:\n\n${stringify({ codegen }, { lineWidth: 0, aliasDuplicateObjects: false })}`,
    );
  for (const [why, tools] of Map.groupBy(unread, (one) => one.why)) {
    const named = tools.slice(0, maxNamed).map(({ tool }) => tool);
    const more = tools.length - named.length;
    err(`not read: ${named.join(", ")}${more > 0 ? ` and ${more} more` : ""}: ${why}`);
  }
  const found = findings.length === 0 ? "as the document says" : `${findings.length} differences`;
  err(
    `${api}: ${reads} answers, ${items} items: ${found}${unread.length > 0 ? `; ${unread.length} tools not read` : ""}`,
  );
}
