import { existsSync, readdirSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { GatewayError } from "../errors.ts";

/** One API of the project: its folder under `openapi/`. */
export interface Project {
  /** Folder name. */
  readonly name: string;
  /** The directory that holds `openapi/` and `generated/`. */
  readonly root: string;
  readonly spec?: string;
  /** Its `gateway.yaml`, when there is one. */
  readonly config?: string;
}

const specNames = ["openapi.json", "openapi.yaml", "openapi.yml"];

/** Every API under `openapi/` of `root`, sorted by name. */
export function findProjects(root: string): readonly Project[] {
  const folder = join(root, "openapi");
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => projectAt(join(folder, entry.name)))
    .filter(({ spec, config }) => spec !== undefined || config !== undefined)
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** The API whose folder is `folder`. */
export function projectAt(folder: string): Project {
  const at = resolve(folder);
  const spec = specNames.map((name) => join(at, name)).find((file) => existsSync(file));
  const config = join(at, "gateway.yaml");
  return {
    name: basename(at),
    root: dirname(dirname(at)),
    ...(spec !== undefined && { spec }),
    ...(existsSync(config) && { config }),
  };
}

/**
 * The API to serve: the one of `config`, else the only one with a gateway.yaml. Throws `invalid_request` that lists them when
 * there are several, and says how to begin when there is none.
 */
export function chooseProject(root: string, config: string | undefined): Project {
  if (config !== undefined) return { ...projectAt(dirname(resolve(root, config))), config: resolve(root, config) };
  const found = findProjects(root).filter((project) => project.config !== undefined);
  const [only] = found;
  if (found.length === 1 && only) return only;
  if (found.length === 0)
    throw new GatewayError(
      "invalid_request",
      "no openapi/<api>/gateway.yaml here; name one with --config, or serve a document directly: specgate serve --spec FILE --upstream URL",
    );
  const list = found.map(({ name }) => `openapi/${name}/gateway.yaml`).join(", ");
  throw new GatewayError("invalid_request", `several APIs here: ${list}; choose one with --config`);
}
