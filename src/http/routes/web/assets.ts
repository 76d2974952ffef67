import { existsSync, readFileSync } from "node:fs";
import { extname } from "node:path";
import { GatewayError } from "../../../errors.ts";

/** The built pages: made by `npm run build:web` from `web/`, into `web/dist`. */
export interface WebAssets {
  /** Names of the files that a page loads. */
  readonly script: string;
  readonly styles: readonly string[];
  readonly files: ReadonlyMap<string, WebAsset>;
}

export interface WebAsset {
  readonly type: string;
  readonly bytes: Buffer;
}

const types: Readonly<Record<string, string>> = {
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
};

/** From `src/` as from `dist/src/`: one folder deeper. */
const folders = ["../../../../web/dist/", "../../../../../web/dist/"].map((path) => new URL(path, import.meta.url));

/** What of Vite's manifest is looked at. https://vite.dev/guide/backend-integration */
interface Manifest {
  readonly [source: string]: { readonly file: string; readonly css?: readonly string[]; readonly isEntry?: boolean };
}

/** Reads them whole: they are small, and a build beside a running gateway changes nothing of it. Throws `internal` when there are none. */
export function readWebAssets(): WebAssets {
  const folder = folders.find((one) => existsSync(new URL("manifest.json", one)));
  if (folder === undefined)
    throw new GatewayError("internal", "the pages have not been built", { next: "Run npm run build:web." });
  const manifest = JSON.parse(readFileSync(new URL("manifest.json", folder), "utf8")) as Manifest; // written by Vite
  const entry = Object.values(manifest).find(({ isEntry }) => isEntry);
  if (entry === undefined) throw new GatewayError("internal", "the pages were not built whole");
  const styles = entry.css ?? [];
  const names = Object.values(manifest).flatMap(({ file, css = [] }) => [file, ...css]);
  const files = names.map(
    (name) =>
      [
        name,
        { type: types[extname(name)] ?? "application/octet-stream", bytes: readFileSync(new URL(name, folder)) },
      ] as const,
  );
  return { script: entry.file, styles, files: new Map(files) };
}
