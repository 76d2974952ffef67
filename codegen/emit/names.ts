import type { Api, ResourceType } from "../../src/descriptor.ts";
import type { NamedResource } from "../names.ts";
import { camel, hexOf, splitWords } from "../words.ts";

/** Where a value is written and how it is called there. */
export interface EmittedName {
  /** File name without extension. */
  readonly file: string;
  readonly constant: string;
  /** Interface or type of the same file. */
  readonly type: string;
}

/** The names of everything that gets a file of its own. */
export interface EmittedNames {
  readonly resources: ReadonlyMap<string, EmittedName>;
  readonly schemas: ReadonlyMap<string, EmittedName>;
}

export function emittedNames(api: Api, named: readonly NamedResource[]): EmittedNames {
  const constants = new Set<string>(["api"]);
  const free = (wanted: string, text: string): string => {
    const name = constants.has(wanted) ? `${wanted}_${hexOf(text, 4)}` : wanted;
    constants.add(name);
    return name;
  };
  const byName = new Map(named.map((one) => [one.name, one]));
  const ofResource = ({ name }: ResourceType): [string, EmittedName] => {
    const { file, constant } = byName.get(name) ?? { file: name, constant: name };
    return [name, { file: short(file), constant: free(short(constant), name), type: interfaceName(short(name)) }];
  };
  const files = new Set<string>();
  const ofSchema = (name: string): [string, EmittedName] => {
    const base = short(camel(splitWords(name)) || "schema");
    const file = files.has(base.toLowerCase()) ? `${base}_${hexOf(name, 4)}` : base;
    files.add(file.toLowerCase());
    return [name, { file, constant: free(`${file}Schema`, name), type: name }];
  };
  return {
    resources: new Map(api.resources.map(ofResource)),
    schemas: new Map(Object.keys(api.schemas).sort().map(ofSchema)),
  };
}

/** At most 56 characters, so that a suffix fits into an identifier; a longer name keeps its start and gets 6 hex of its hash. */
function short(name: string): string {
  return name.length <= 56 ? name : `${name.slice(0, 49)}_${hexOf(name, 6)}`;
}

/** A noun may be called like what the file imports. */
function interfaceName(name: string): string {
  return name === "TypedResourceType" || !/^[A-Za-z_][A-Za-z0-9_]{0,63}$/.test(name) ? `${name}Resource` : name;
}
