import type { CodegenConfig } from "../src/config/codegen.ts";
import type { Api } from "../src/descriptor.ts";
import { GatewayError } from "../src/errors.ts";
import { type DescribeOptions, describe } from "./describe.ts";
import { emit } from "./emit.ts";
import { type LoadOptions, load } from "./load.ts";
import type { Described, LoadedSpec, Manifest } from "./model.ts";
import { type Changes, compareFiles, writeFiles } from "./write.ts";

export interface GenerateOptions extends LoadOptions {
  /** File, URL, or `-` for stdin. */
  readonly spec: string;
  /** Name of the API. */
  readonly name: string;
  /** Folder to write: `generated/<name>`. */
  readonly out: string;
  readonly config: CodegenConfig;
  /** Operations whose signals disagree become actions with a warning. Default false. */
  readonly allowConflicts?: boolean;
  /** `write` (default); `check` and `dry-run` only compare. */
  readonly mode?: "write" | "check" | "dry-run";
  readonly onProgress?: (step: GenerateStep) => void;
  /** Throws `invalid_request` for an Api that the rest of gateway.yaml cannot serve; then nothing is written. Default: takes all. */
  readonly accept?: (api: Api) => void;
}

/** The steps of codegen in their order. */
export type GenerateStep = "load" | "describe" | "emit" | "write";

/** What came of it. */
export interface GenerateReport {
  readonly name: string;
  /** File name or URL without credentials. */
  readonly spec: string;
  readonly out: string;
  readonly mode: "write" | "check" | "dry-run";
  readonly manifest: Manifest;
  /** What was, or with `check` and `dry-run` would be, changed in `out`. */
  readonly changes: Changes;
}

/**
 * The whole pipeline: Spec in, `generated/<name>/` out. Throws `invalid_request` for a fault of the Spec or of gateway.yaml;
 * then nothing has been written.
 */
export async function generate(options: GenerateOptions): Promise<GenerateReport> {
  const { spec, name, out, config, allowConflicts = false, mode = "write", onProgress } = options;
  onProgress?.("load");
  const loaded = await load(spec, options);
  onProgress?.("describe");
  const described = describe(loaded, config, { allowConflicts, name });
  if (described.manifest.operations.length === 0)
    throw new GatewayError("invalid_request", `${loaded.source}#/paths has no operation`, {
      next: "Check that this is the whole document; webhooks and callbacks are calls the API makes, not operations of it.",
    });
  options.accept?.(described.api);
  onProgress?.("emit");
  const files = emit(described);
  onProgress?.("write");
  const changes = mode === "write" ? await writeFiles(out, files) : await compareFiles(out, files);
  return { name, spec: loaded.source, out, mode, manifest: described.manifest, changes };
}

/** The pure middle of codegen: what `serve --spec` serves, and what `generate` emits. See {@link describe}. */
export function describeSpec(loaded: LoadedSpec, config: CodegenConfig, options: DescribeOptions): Described {
  const { api, manifest } = describe(loaded, config, options);
  return { api, manifest };
}
