import { GatewayError } from "../../src/errors.ts";
import { step, valueAt } from "./pointer.ts";
import { type FoundRef, maxDocumentDepth, walkDocument } from "./walk.ts";

/** security.md §6: what a Spec may hold. */
const maxOperations = 20_000;
const maxNodesPerSchema = 200_000;
const maxRefDepth = 64;

const methods: readonly string[] = ["get", "put", "post", "delete", "options", "head", "patch", "trace", "query"];

type Members = Readonly<Record<string, unknown>>;

/** References that leave the document, in document order. Throws where the nesting is beyond reason. */
export function externalRefs(document: unknown, name: string): FoundRef[] {
  const found: FoundRef[] = [];
  walkDocument(document, {
    onRef: (ref) => {
      if (!ref.ref.startsWith("#")) found.push(ref);
    },
    onNode: (pointer, depth) => {
      if (depth > maxDocumentDepth) {
        throw fault(name, pointer.slice(0, 200), `is nested deeper than ${maxDocumentDepth}`, "Flatten the document.");
      }
    },
  });
  return found;
}

/**
 * What codegen relies on beyond the schema of OpenAPI: references that resolve, unique operationIds, declared path
 * parameters (unless the document is taken as it is), and the limits. Throws `invalid_request` at the first fault.
 */
export function checkDocument(document: unknown, name: string, options: { readonly pathParameters: boolean }): void {
  checkRefs(document, name);
  checkOperations(document, name, options.pathParameters);
  checkSizes(document, name);
}

function checkRefs(document: unknown, name: string): void {
  const checked = new Set<string>();
  walkDocument(document, {
    onRef: ({ ref, pointer }) => {
      if (checked.has(ref)) return;
      checked.add(ref);
      followRef(document, ref, name, pointer);
    },
  });
}

/** Follows a reference through references to a value. A chain that bites its own tail leads to none. */
function followRef(document: unknown, ref: string, name: string, pointer: string): unknown {
  let next = ref;
  for (let depth = 0; depth < maxRefDepth; depth++) {
    if (!next.startsWith("#/"))
      throw fault(name, pointer, `refers to ${quote(next)}, which is not in this document`, fixRef);
    const value = valueAt(document, next.slice(1));
    if (value === undefined) throw fault(name, pointer, `refers to ${quote(next)}, which does not exist`, fixRef);
    const further = typeof value === "object" && value !== null ? (value as Members).$ref : undefined;
    if (typeof further !== "string") return value;
    next = further;
  }
  throw fault(
    name,
    pointer,
    `refers to ${quote(ref)}, which leads through more than ${maxRefDepth} references`,
    fixRef,
  );
}

const fixRef = "Correct the $ref, or add what it refers to.";

function checkOperations(document: unknown, name: string, pathParameters: boolean): void {
  const byId = new Map<string, string>();
  let count = 0;
  for (const { pointer, path, item, operation } of eachOperation(document)) {
    if (++count > maxOperations) throw fault(name, "/paths", `has more than ${maxOperations} operations`, "Split it.");
    const id = operation.operationId;
    const other = typeof id === "string" ? byId.get(id) : undefined;
    if (other !== undefined) {
      throw fault(
        name,
        pointer,
        `has the operationId ${quote(id)} of #${other}`,
        "Give each operation an operationId of its own.",
      );
    }
    if (typeof id === "string") byId.set(id, pointer);
    if (pathParameters) checkPathParameters({ document, name, pointer, path, item, operation });
  }
}

interface OperationPlace {
  readonly pointer: string;
  readonly path: string;
  readonly item: Members;
  readonly operation: Members;
}

function* eachOperation(document: unknown): Generator<OperationPlace> {
  const paths = asMembers(asMembers(document)?.paths) ?? {};
  for (const [path, raw] of Object.entries(paths)) {
    const item = resolved(document, raw);
    if (item === undefined || path.startsWith("x-")) continue;
    for (const method of methods) {
      const operation = asMembers(item[method]);
      if (operation !== undefined) yield { pointer: `/paths${step(path)}${step(method)}`, path, item, operation };
    }
  }
}

function checkPathParameters(place: OperationPlace & { readonly document: unknown; readonly name: string }): void {
  const declared = new Set<unknown>();
  for (const list of [place.item.parameters, place.operation.parameters]) {
    for (const raw of Array.isArray(list) ? list : []) {
      const parameter = resolved(place.document, raw);
      if (parameter?.in === "path") declared.add(parameter.name);
    }
  }
  for (const parameter of templateNames(place.path)) {
    if (declared.has(parameter)) continue;
    throw fault(
      place.name,
      place.pointer,
      `does not declare the path parameter ${quote(parameter)}`,
      'Add it to "parameters", or run with --no-validate to take it for a string.',
    );
  }
}

/** The placeholders of a path template: `id` of `/w/{id}`, `name` of Google's `/v1/{name=projects/*}:cancel`. */
export function templateNames(path: string): string[] {
  return [...path.matchAll(/\{([^{}]+)\}/g)].map((match) =>
    (match[1] ?? "").replace(/^[+#./;?&]/, "").replace(/[=*].*$/, ""),
  );
}

function checkSizes(document: unknown, name: string): void {
  const schemas = asMembers(asMembers(asMembers(document)?.components)?.schemas) ?? {};
  for (const [key, schema] of Object.entries(schemas)) {
    let nodes = 0;
    walkDocument(schema, {
      onNode: () => {
        if (++nodes > maxNodesPerSchema) {
          throw fault(name, `/components/schemas${step(key)}`, `has more than ${maxNodesPerSchema} nodes`, "Split it.");
        }
      },
    });
  }
}

function resolved(document: unknown, value: unknown): Members | undefined {
  const ref = asMembers(value)?.$ref;
  if (typeof ref !== "string") return asMembers(value);
  return asMembers(valueAt(document, ref.slice(1)));
}

function asMembers(value: unknown): Members | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Members) : undefined;
}

function quote(value: unknown): string {
  return JSON.stringify(value).slice(0, 200);
}

function fault(name: string, pointer: string, message: string, next: string): GatewayError {
  return new GatewayError("invalid_request", `${name}#${pointer} ${message}`, { next });
}
