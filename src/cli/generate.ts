import { existsSync } from "node:fs";
import { basename, dirname, join, relative, resolve } from "node:path";
import type { GenerateReport, GenerateStep } from "../../codegen/main.ts";
import { guardTools } from "../calls/safeguards/guarding.ts";
import { createCatalog } from "../catalog/catalog.ts";
import { type GatewayFile, readGatewayFile, resolveSafeguards } from "../config/load.ts";
import type { Api } from "../descriptor.ts";
import { GatewayError } from "../errors.ts";
import { loadOptions } from "./api.ts";
import { checkBudgets } from "./cost.ts";
import { findProjects } from "./projects.ts";
import { progressLine, type Terminal } from "./terminal.ts";

/** Options of `specgate generate`. */
export interface GenerateFlags {
  readonly spec?: string;
  readonly config?: string;
  readonly out?: string;
  readonly header: Readonly<Record<string, string>>;
  readonly allowHost: readonly string[];
  readonly check?: boolean;
  readonly dryRun?: boolean;
  readonly allowConflicts?: boolean;
  readonly validate: boolean;
  readonly json?: boolean;
}

/** One Spec to generate from, and where to. */
interface Job {
  readonly spec: string;
  readonly config?: string;
  readonly out?: string;
}

/**
 * `specgate generate`: writes `generated/<api>/` for one Spec or for every API under `openapi/`. Resolves to 0 when it is
 * written or up to date, 1 when `--check` found stale files. Progress goes to a terminal's stderr, the report to stdout.
 */
export async function runGenerate(flags: GenerateFlags, terminal: Terminal): Promise<number> {
  if (flags.check && flags.dryRun) throw usage("--check and --dry-run exclude each other");
  const jobs = flags.spec === undefined ? projectJobs(flags) : [specJob(flags, flags.spec)];
  const reports: GenerateReport[] = [];
  for (const job of jobs) reports.push(await runJob(job, flags, terminal));
  const { hasChanges } = await import("../../codegen/write.ts");
  const stale = flags.check === true && reports.some(({ changes }) => hasChanges(changes));
  await print(reports, flags, terminal);
  return stale ? 1 : 0;
}

async function print(reports: readonly GenerateReport[], flags: GenerateFlags, terminal: Terminal): Promise<void> {
  if (flags.json) {
    terminal.out(JSON.stringify(reports.length === 1 ? reports[0] : reports, null, 2));
    return;
  }
  const { renderReport } = await import("../../codegen/report.ts");
  for (const report of reports) terminal.out(renderReport(report));
}

function projectJobs(flags: GenerateFlags): readonly Job[] {
  if (flags.out !== undefined)
    throw usage("--out needs --spec: without it every API under openapi/ is generated in its own folder");
  const projects = findProjects(process.cwd());
  const jobs = projects.flatMap(({ spec, config }) =>
    spec === undefined ? [] : [{ spec, ...(config !== undefined && { config }) }],
  );
  if (jobs.length > 0) return jobs;
  throw usage("no openapi/<api>/openapi.json (or .yaml) here; put the document there, or name one with --spec");
}

/** The gateway.yaml beside a local Spec applies to it, as it does without `--spec`. */
function specJob({ config, out }: GenerateFlags, spec: string): Job {
  const beside = /^(-|https?:)/.test(spec) ? undefined : join(dirname(spec), "gateway.yaml");
  const found = config ?? (beside !== undefined && existsSync(beside) ? beside : undefined);
  return { spec, ...(found !== undefined && { config: found }), ...(out !== undefined && { out }) };
}

async function runJob(job: Job, flags: GenerateFlags, terminal: Terminal): Promise<GenerateReport> {
  const { generate } = await import("../../codegen/main.ts");
  const file = job.config === undefined ? undefined : readGatewayFile(job.config);
  const name = nameOf(job, file);
  const progress = progressLine(terminal);
  try {
    return await generate({
      ...(await loadOptions({ ...flags, spec: job.spec })),
      remoteHosts: flags.allowHost,
      spec: shownPath(job.spec),
      name,
      out: shownPath(job.out ?? join(rootOf(job), "generated", name)),
      config: file?.codegen ?? {},
      accept: (api) => {
        checkSafeguards(api, file);
        checkBudgets(api, file);
      },
      allowConflicts: flags.allowConflicts ?? false,
      mode: flags.check ? "check" : flags.dryRun ? "dry-run" : "write",
      onProgress: (step) => progress.step(`${name}: ${stepTexts[step]} …`),
    });
  } finally {
    progress.done();
  }
}

/** A safeguard that the API cannot keep is told before anything is written, and not first when it is to be served. */
function checkSafeguards(api: Api, file: GatewayFile | undefined): void {
  if (file === undefined) return;
  const surfaces = Object.keys(file.surfaces ?? { default: {} });
  guardTools(resolveSafeguards(file), { catalog: createCatalog(api), surfaces });
}

const stepTexts: Readonly<Record<GenerateStep, string>> = {
  load: "reading and validating the document",
  describe: "classifying operations",
  emit: "printing TypeScript",
  write: "comparing files",
};

/** The name gateway.yaml gives, else that of the folder `openapi/<name>/`, else the file's. */
function nameOf({ spec, config }: Job, file: GatewayFile | undefined): string {
  if (file !== undefined) return file.api;
  const folder = basename(dirname(resolve(config ?? spec)));
  const under = basename(dirname(dirname(resolve(spec))));
  const text =
    under === "openapi" && !/^(-|https?:)/.test(spec)
      ? folder
      : basename(spec).replace(/(\.openapi)?\.(json|ya?ml)$/i, "");
  const name = text
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^[^a-z]+|-+$/g, "");
  return name === "" || name === "openapi" || name === "swagger" ? "api" : name;
}

/** Where `generated/` belongs: beside `openapi/` when the Spec lies there, else here. */
function rootOf({ spec }: Job): string {
  const root = dirname(dirname(dirname(resolve(spec))));
  return !/^(-|https?:)/.test(spec) && basename(dirname(dirname(resolve(spec)))) === "openapi" ? root : process.cwd();
}

/** Relative to here where it lies below: messages and the manifest then hold no path of one machine. */
function shownPath(path: string): string {
  if (/^(-$|https?:)/.test(path)) return path;
  const shown = relative(process.cwd(), resolve(path));
  return shown === "" || shown.startsWith("..") ? path : shown;
}

function usage(message: string): GatewayError {
  return new GatewayError("invalid_request", message, { data: { usage: true } });
}
