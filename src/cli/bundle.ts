import { readFileSync, writeFileSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import type { StdioConfig, StdioSetting } from "../config/config.ts";
import { type GatewayFile, readGatewayFile } from "../config/load.ts";
import { resolveStdio } from "../config/stdio.ts";
import type { Api } from "../descriptor.ts";
import { GatewayError } from "../errors.ts";
import { loadGenerated } from "./api.ts";
import { folderFiles, programFiles } from "./bundleFiles.ts";
import { chooseProject } from "./projects.ts";
import type { Terminal } from "./terminal.ts";
import { type ZipEntry, zip } from "./zip.ts";

/** Options of `specgate bundle`. */
export interface BundleFlags {
  readonly config?: string;
  /** Default: `<api>.mcpb`. */
  readonly out?: string;
  readonly json?: boolean;
}

/**
 * `specgate bundle`: writes a `.mcpb` file, which a desktop client installs with a click: the stdio server with all that it needs,
 * the generated API, and a form for the settings that gateway.yaml declares. Nothing of the environment goes in.
 * https://github.com/modelcontextprotocol/mcpb/blob/main/MANIFEST.md
 */
export async function runBundle(flags: BundleFlags, terminal: Terminal): Promise<number> {
  const project = chooseProject(process.cwd(), flags.config);
  const path = project.config ?? "gateway.yaml";
  const file = readGatewayFile(path);
  const api = await loadGenerated({ ...project, name: file.api });
  const program = programFiles("server");
  const manifest = manifestOf({ api, file, entryPoint: program.entryPoint });
  const archive = zip([
    { name: "manifest.json", data: Buffer.from(`${JSON.stringify(manifest, null, 2)}\n`) },
    ...program.entries,
    ...projectFiles(project.root, path, file),
  ]);
  const out = resolve(flags.out ?? `${file.api}.mcpb`);
  if (!out.endsWith(".mcpb"))
    throw new GatewayError("invalid_request", `--out is "${out}"; clients know a bundle by .mcpb`, {
      data: { usage: true },
    });
  writeFileSync(out, archive);
  if (flags.json) terminal.out(JSON.stringify({ file: out, bytes: archive.length, manifest }, null, 2));
  else
    terminal.out(
      `${out}: ${(archive.length / 1_048_576).toFixed(1)} MB, settings: ${Object.keys(manifest.user_config).join(", ")}`,
    );
  return 0;
}

/** Where the API lies in a bundle: as in a project. */
const projectFolder = "project";

function projectFiles(root: string, path: string, { api, prompts, hooks }: GatewayFile): readonly ZipEntry[] {
  const folder = `${projectFolder}/openapi/${api}`;
  const beside = (name: string): string => join(dirname(path), name);
  return [
    { name: `${folder}/gateway.yaml`, data: readFileSync(path) },
    // Sources outside a package need to know what they are.
    { name: `${projectFolder}/package.json`, data: Buffer.from('{"type":"module"}\n') },
    ...folderFiles(join(root, "generated", api), `${projectFolder}/generated/${api}`),
    ...(prompts === undefined ? [] : folderFiles(beside(prompts), join(folder, prompts).replaceAll("\\", "/"))),
    ...(hooks === undefined ? [] : [{ name: join(folder, hooks).replaceAll("\\", "/"), data: hooksOf(beside(hooks)) }]),
  ];
}

/** One file: what it imports from elsewhere would not be found. */
function hooksOf(path: string): Buffer {
  const data = readFileSync(path);
  const other = /^\s*import\s+(?!type\s)[^"']*["'](?!node:)([^"']+)["']/m.exec(data.toString())?.[1];
  if (other !== undefined)
    throw new GatewayError(
      "invalid_request",
      `${basename(path)} imports ${other}, which a bundle does not hold; use one file without imports`,
    );
  return data;
}

interface Manifested {
  readonly api: Api;
  readonly file: GatewayFile;
  readonly entryPoint: string;
}

interface UserSetting {
  readonly type: "string" | "boolean";
  readonly title: string;
  readonly description: string;
  readonly required: boolean;
  readonly sensitive?: true;
}

/** The manifest as `manifest_version` 0.4 has it. */
interface Manifest {
  readonly manifest_version: "0.4";
  readonly user_config: Readonly<Record<string, UserSetting>>;
  readonly [member: string]: unknown;
}

function manifestOf({ api, file, entryPoint }: Manifested): Manifest {
  const brand = file.brand?.name ?? api.title;
  const settings = asked(resolveStdio(file.stdio));
  return {
    manifest_version: "0.4",
    name: api.name,
    display_name: brand,
    version: semanticVersion(api.version),
    description: `${brand} as tools for assistants.`,
    author: { name: brand, ...(file.brand?.supportUrl !== undefined && { url: file.brand.supportUrl }) },
    server: {
      type: "node",
      entry_point: entryPoint,
      mcp_config: {
        command: "node",
        args: [
          `\${__dirname}/${entryPoint}`,
          "stdio",
          "--config",
          `\${__dirname}/${projectFolder}/openapi/${file.api}/gateway.yaml`,
        ],
        env: Object.fromEntries(settings.map(({ key, env }) => [env, `\${user_config.${key}}`])),
      },
    },
    tools_generated: true,
    ...(file.prompts !== undefined && { prompts_generated: true }),
    user_config: Object.fromEntries(settings.map(({ key, shown }) => [key, shown])),
    compatibility: { platforms: ["darwin", "win32", "linux"], runtimes: { node: ">=22.19.0" } },
  };
}

/** A version that is none by semver.org, such as a date, is no version of a bundle. */
function semanticVersion(version: string): string {
  if (/^\d+\.\d+\.\d+([-+].*)?$/.test(version)) return version;
  const [major = "0", minor = "0", patch = "0"] = version.match(/\d+/g) ?? [];
  return [major, minor, patch].map(Number).join(".");
}

interface AskedSetting {
  readonly key: string;
  readonly env: string;
  readonly shown: UserSetting;
}

/** The settings that have a variable; without any, the two that every API needs. */
function asked({ settings }: StdioConfig): readonly AskedSetting[] {
  const declared = Object.entries(settings).flatMap(([flag, one]) =>
    one.env === undefined ? [] : [shownSetting(flag, one.env, one)],
  );
  if (declared.length > 0) return declared;
  return [
    shownSetting("api-token", "UPSTREAM_API_KEY", {
      to: "credential",
      required: true,
      description: "The key that is sent to the API",
    }),
    shownSetting("base-url", "UPSTREAM_URL", {
      required: false,
      description: "Base URL of the API, where it is not the usual one",
    }),
  ];
}

function shownSetting(flag: string, env: string, { to, required, description }: StdioSetting): AskedSetting {
  const words = flag
    .split("-")
    .join(" ")
    .replace(/\b(id|url|api)\b/g, (word) => word.toUpperCase());
  const title = words.charAt(0).toUpperCase() + words.slice(1);
  return {
    key: flag.replaceAll("-", "_"),
    env,
    shown: {
      type: to === "readOnly" ? "boolean" : "string",
      title,
      description: description ?? title,
      required,
      ...(to === "credential" && { sensitive: true as const }),
    },
  };
}
