import { existsSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { ToolHook } from "../calls/hooks.ts";
import type { CodegenConfig } from "../config/codegen.ts";
import { type GatewayFile, readGatewayFile } from "../config/load.ts";
import type { Api } from "../descriptor.ts";
import { GatewayError } from "../errors.ts";
import { safeFetch } from "../safeFetch.ts";
import { chooseProject, type Project } from "./projects.ts";
import type { Terminal } from "./terminal.ts";

/**
 * The Api that `generate` wrote for a project. Throws `invalid_request` naming the folder and the command that makes it.
 * Node reads the TypeScript of `generated/` itself: it holds types and literals only.
 */
export async function loadGenerated({ root, name }: Project): Promise<Api> {
  const folder = join(root, "generated", name);
  const file = ["index.ts", "index.js"].map((index) => join(folder, index)).find((path) => existsSync(path));
  if (file === undefined)
    throw new GatewayError("invalid_request", `generated/${name} is not there: run \`specgate generate\` first`);
  const module = (await import(pathToFileURL(file).href)) as { readonly api?: Api };
  if (module.api === undefined)
    throw new GatewayError("invalid_request", `${file} exports no api: run \`specgate generate\` again`);
  return module.api;
}

/** The `hooks` that a file exports. Throws `invalid_request` naming the file when it has none. */
export async function loadHooks(file: string): Promise<readonly ToolHook[]> {
  if (!existsSync(file)) throw new GatewayError("invalid_request", `hooks: ${file} is not there`);
  const { hooks } = (await import(pathToFileURL(file).href)) as { readonly hooks?: readonly ToolHook[] };
  if (Array.isArray(hooks)) return hooks;
  throw new GatewayError("invalid_request", `hooks: ${file} exports no array called hooks`);
}

/** Options that say how a Spec is read. */
export interface SpecFlags {
  readonly spec: string;
  readonly header: Readonly<Record<string, string>>;
  readonly validate: boolean;
}

/** The Api of a Spec, generated in memory. Operations whose signals disagree become actions, each with a warning. */
export async function describeInMemory(flags: SpecFlags, codegen: CodegenConfig, terminal: Terminal): Promise<Api> {
  const [{ load }, { describeSpec }] = await Promise.all([
    import("../../codegen/load.ts"),
    import("../../codegen/main.ts"),
  ]);
  const loaded = await load(flags.spec, await loadOptions(flags));
  const { api, manifest } = describeSpec(loaded, codegen, { allowConflicts: true });
  for (const operation of manifest.operations) {
    if ("warning" in operation) terminal.err(`warning: ${operation.method} ${operation.path}: ${operation.warning}`);
  }
  return api;
}

/** An Api and the gateway.yaml that belongs to it. */
export interface DescribedApi {
  readonly api: Api;
  readonly file?: GatewayFile;
}

/**
 * The Api that a command is about: of `--spec`, generated in memory with the gateway.yaml of `--config`; else what `generate`
 * wrote for the project of `--config`, or for the only one.
 */
export async function describedApi(
  flags: Omit<SpecFlags, "spec"> & { readonly spec?: string; readonly config?: string },
  terminal: Terminal,
): Promise<DescribedApi> {
  const { spec, config } = flags;
  if (spec === undefined) {
    const project = chooseProject(process.cwd(), config);
    const file = readGatewayFile(project.config ?? "gateway.yaml");
    return { api: await loadGenerated({ ...project, name: file.api }), file };
  }
  const file = config === undefined ? undefined : readGatewayFile(config);
  return { api: await describeInMemory({ ...flags, spec }, file?.codegen ?? {}, terminal), ...(file && { file }) };
}

/** How codegen reaches what is not a local file. URLs that the operator named are trusted; those in a document are not. */
export async function loadOptions({ spec, header, validate }: SpecFlags): Promise<{
  readonly validate: boolean;
  readonly headers: Readonly<Record<string, string>>;
  readonly fetch: (url: string, headers: Readonly<Record<string, string>>) => Promise<Uint8Array>;
  readonly stdin?: Uint8Array;
}> {
  return {
    validate,
    headers: header,
    fetch: (url, headers) => safeFetch(url, { trust: url === spec ? "operator" : "document", headers }),
    ...(spec === "-" && { stdin: await readStdin() }),
  };
}

async function readStdin(): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk as Uint8Array); // stdin without an encoding gives bytes
  return Buffer.concat(chunks);
}
