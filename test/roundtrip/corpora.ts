import { existsSync, readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import { gunzipSync } from "node:zlib";
import { load } from "../../codegen/load.ts";
import { describeSpec } from "../../codegen/main.ts";
import type { Described } from "../../codegen/model.ts";
import { parseGatewayFile } from "../../src/config/load.ts";
import { projectRoot } from "../e2e/process.ts";
import { generateFrom } from "../fakes/gateway.ts";
import { overlaid } from "./oneuptimeOverlay.ts";

/** A whole document, what codegen makes of it, and the document that its requests are held against. */
export interface Corpus {
  readonly name: string;
  readonly described: Described;
  /** As its author wrote it. */
  readonly document: object;
  readonly gatewayYaml: string;
}

const examples = dirname(createRequire(import.meta.url).resolve("@readme/oas-examples/package.json"));
const folders = ["2.0/json", "3.0/json", "3.0/json/openapi-workshop", "3.1/json"];
/** Not a valid document: its one operation has no answers. */
const invalid = new Set(["3.0/json/openapi-workshop/post.json"]);

/** Every valid example of `@readme/oas-examples`. */
export function exampleNames(): readonly string[] {
  const names = folders.flatMap((folder) => readdirSync(join(examples, folder)).map((file) => `${folder}/${file}`));
  return names.filter((name) => name.endsWith(".json") && !invalid.has(name));
}

/** One of {@link exampleNames}, without any decision of a gateway.yaml. */
export async function exampleCorpus(name: string): Promise<Corpus> {
  const file = join(examples, name);
  const loaded = await load(file);
  const described = describeSpec(loaded, {}, { allowConflicts: true, name: "example" });
  return { name, described, document: readJson(file), gatewayYaml: "api: example" };
}

/** The demo API with its own decisions. */
export async function beaconCorpus(): Promise<Corpus> {
  const folder = join(projectRoot, "openapi/beacon");
  const gatewayYaml = readFileSync(join(folder, "gateway.yaml"), "utf8");
  const { api, codegen } = parseGatewayFile("gateway.yaml", gatewayYaml);
  const loaded = await load(join(folder, "openapi.json"));
  const described = describeSpec(loaded, codegen ?? {}, { allowConflicts: false, name: api });
  return { name: "Beacon", described, document: readJson(join(folder, "openapi.json")), gatewayYaml };
}

const oneuptimeFile = resolve(projectRoot, "../shared/specs/oneuptime-2025-06-26.openapi.json.gz");

/** Why the OneUptime document cannot be read, or false: it is not part of this project. */
export const oneuptimeMissing: string | false = existsSync(oneuptimeFile)
  ? false
  : `SKIPPED: ${oneuptimeFile} not found (OneUptime acceptance document)`;

/** The OneUptime document of 2025-06-26, held against itself and the overlay. */
export async function oneuptimeCorpus(): Promise<Corpus> {
  const text = gunzipSync(readFileSync(oneuptimeFile)).toString("utf8");
  const gatewayYaml = readFileSync(join(projectRoot, "test/fixtures/oneuptime.gateway.yaml"), "utf8");
  const described = await generateFrom(JSON.parse(text), gatewayYaml);
  return { name: "OneUptime", described, document: overlaid(JSON.parse(text) as object), gatewayYaml };
}

function readJson(file: string): object {
  return JSON.parse(readFileSync(file, "utf8")) as object;
}
