import type { Document, Operation } from "../model.ts";

/** What is known of all paths of a Document together, so that one path can be read in the light of its neighbours. */
export interface PathIndex {
  /** Operations by path with parameter names blanked. */
  readonly at: ReadonlyMap<string, readonly Operation[]>;
  /** Every path, blanked, that others go on from. */
  readonly stems: ReadonlySet<string>;
  readonly document: Document;
}

/** The index of the Operations' paths. Built once; every question is then one lookup. */
export function indexPaths(operations: readonly Operation[], document: Document): PathIndex {
  const at = new Map<string, Operation[]>();
  for (const operation of operations) {
    const key = shapeOf(operation.path);
    const found = at.get(key);
    if (found === undefined) at.set(key, [operation]);
    else found.push(operation);
  }
  return { at, stems: new Set([...at.keys()].flatMap(stemsOf)), document };
}

function stemsOf(shape: string): string[] {
  const stems: string[] = [];
  for (let at = shape.lastIndexOf("/"); at > 0; at = shape.lastIndexOf("/", at - 1)) stems.push(shape.slice(0, at));
  return stems;
}

/** The path with parameter names blanked and no trailing slash. */
export function shapeOf(path: string): string {
  return path.replace(/\{[^}]*\}/g, "{}").replace(/(?<=.)\/+$/, "");
}

/** The Operations at the path itself, parameter names aside. */
export function siblingsOf(index: PathIndex, path: string): readonly Operation[] {
  return index.at.get(shapeOf(path)) ?? [];
}

/** The Operations one parameter below the path. */
export function itemsBelow(index: PathIndex, path: string): readonly Operation[] {
  return index.at.get(`${shapeOf(path)}/{}`) ?? [];
}
