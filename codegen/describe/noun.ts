import type { CrudKind, Field } from "../../src/descriptor.ts";
import { toField } from "../fields/field.ts";
import type { Decision, SpecSchema } from "../model.ts";
import { nounOf } from "../schemas.ts";
import { type BodySpec, bodyField, secretDecision } from "./body.ts";
import type { Context } from "./context.ts";
import { type Answer, isNoun, readAnswer } from "./result.ts";
import type { Property, Shape } from "./shape.ts";

/** One Operation of a ResourceType with what it takes and answers. */
export interface OperationDraft {
  readonly decision: Decision;
  readonly answer: Answer;
  readonly body?: BodySpec;
  readonly isNounAnswer: boolean;
}

/** Kinds by how much their answer says of the noun: Get shows it whole. */
const tellingKinds: readonly CrudKind[] = ["get", "list", "create", "update"];

/** The schema of the noun: what Get answers, else what the others do. Undefined where none answers an object. */
export function nounSchema(context: Context, decisions: readonly Decision[]): SpecSchema | undefined {
  for (const kind of tellingKinds) {
    for (const decision of decisions.filter((one) => one.kind === kind)) {
      const { located, shape } = readAnswer(context, decision);
      if (shape !== undefined && shape.properties.length > 0) return located?.schema;
    }
  }
  return decisions.filter(({ kind }) => kind === "action").map((decision) => soleNoun(context, decision))[0];
}

/** A ResourceType that only has actions has the noun that the first of them answers. */
function soleNoun(context: Context, decision: Decision): SpecSchema | undefined {
  return nounOf(context.document, decision.operation);
}

/** An Operation with its answer, and whether that is the noun. */
export function draftAnswer(
  context: Context,
  decision: Decision,
  noun: SpecSchema | undefined,
): Omit<OperationDraft, "body"> {
  const answer = readAnswer(context, decision);
  return { decision, answer, isNounAnswer: isNoun(context, decision, answer, noun) };
}

/**
 * The noun's Fields: the union of all shapes it has in answers and bodies, each property stated once, the fullest shape
 * first. A property that no create or update body has is read-only, one that no answer has is write-only.
 */
export function nounFields(
  context: Context,
  resource: string,
  drafts: readonly OperationDraft[],
): Record<string, Field> {
  const read = ordered(drafts)
    .filter(({ isNounAnswer }) => isNounAnswer)
    .flatMap(({ answer }) => answer.shape ?? []);
  const written = drafts.filter(({ decision }) => decision.kind === "create" || decision.kind === "update");
  const bodies = ordered(written).flatMap(({ decision, body }) =>
    body?.shape === undefined ? [] : [{ decision, shape: body.shape }],
  );
  const inBody = byName(bodies.map(({ shape }) => shape));
  const inAnswer = byName(read);
  const fields = [...inAnswer.values()].map((property): [string, Field] => {
    const write = inBody.get(property.name);
    const isMadeByServer = write === undefined && bodies.length > 0;
    return [property.name, readField(context, resource, property, write, isMadeByServer)];
  });
  const sentOnly = bodies.flatMap(({ decision, shape }) =>
    shape.properties
      .filter(({ name }) => !inAnswer.has(name) && !isReservedIn(context, decision, name))
      .map((property): [string, Field] => {
        const { readOnly: _, ...field } = bodyField(context, decision, property);
        return [property.name, read.length === 0 ? field : { ...field, writeOnly: true }];
      }),
  );
  // The first statement of a name counts.
  return Object.fromEntries([...sentOnly.reverse(), ...fields].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));
}

function isReservedIn(context: Context, { resource, kind }: Decision, name: string): boolean {
  return context.rules.hidden(resource, name, kind, "body") !== undefined;
}

function readField(
  context: Context,
  resource: string,
  property: Property,
  write: Property | undefined,
  isMadeByServer: boolean,
): Field {
  const { rules, converter } = context;
  const field = toField(converter, property, "read", {
    wrappers: rules.config.wrappers,
    override: rules.field(resource, property.name),
    values: rules.enumOf(resource, property.name)?.values,
    secret: secretDecision(context, resource, property.name),
  });
  const sent = write === undefined ? undefined : converter.convert(write.spec, { at: write.at, direction: "write" });
  const isStated = rules.field(resource, property.name)?.readOnly;
  return {
    ...field,
    ...(field.description === undefined && sent?.description !== undefined && { description: sent.description }),
    ...(sent?.default !== undefined && field.wrapper === undefined && { default: sent.default }),
    ...((isStated ?? isMadeByServer) && { readOnly: true }),
  };
}

function byName(shapes: readonly Shape[]): Map<string, Property> {
  const found = new Map<string, Property>();
  for (const { properties } of shapes) {
    for (const property of properties) if (!found.has(property.name)) found.set(property.name, property);
  }
  return found;
}

function ordered(drafts: readonly OperationDraft[]): OperationDraft[] {
  const rank = ({ decision }: OperationDraft) => {
    const at = tellingKinds.indexOf(decision.kind as CrudKind);
    return at < 0 ? tellingKinds.length : at;
  };
  const id = ({ decision }: OperationDraft) => decision.operation.id;
  return [...drafts].sort((a, b) => rank(a) - rank(b) || (id(a) < id(b) ? -1 : 1));
}
