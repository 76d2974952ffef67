/** The JSON Schemas of a noun: what is read, what create takes, what update takes. */
import type { Field, Schema } from "./model/fields.ts";
import { parseField } from "./model/fields.ts";
import type { Noun } from "./model/noun.ts";

const notifyField = parseField("bool Whether people are alerted. false is a guarantee that nobody is");

/** The noun as it is answered: every field but the write-only ones, and the expanded relations. */
export function readSchema(noun: Noun): Schema {
  const fields = Object.entries(noun.fields).filter(([, field]) => noun.sharedSchema || !field.writeOnly);
  const expanded = noun.expand.map((name) => [expandedName(name), referenceSchema(noun.fields[name])] as const);
  return {
    type: "object",
    description: noun.about,
    properties: Object.fromEntries([...fields.map(([name, field]) => [name, field.schema] as const), ...expanded]),
    required: [
      "id",
      ...fields.filter(([, field]) => field.required && !field.writeOnly).map(([name]) => name),
      "createdAt",
    ],
  };
}

/**
 * What create takes: no server fields, no fields of the path; `notify` where create alerts people.
 * With a shared schema, server fields are ignored.
 */
export function createSchema(noun: Noun): Schema {
  const fields = noun.sharedSchema ? Object.entries(noun.fields) : writable(noun);
  const notify = noun.alertOnCreate === undefined ? [] : [["notify", notifySchema(noun)] as const];
  const required = fields.filter(([, field]) => field.required).map(([name]) => name);
  return {
    type: "object",
    properties: Object.fromEntries([...fields.map(([name, field]) => [name, field.schema] as const), ...notify]),
    required: notify.length > 0 && noun.notifyDefault === null ? [...required, "notify"] : required,
    additionalProperties: false,
  };
}

/** What PATCH takes: any of the fields that may change. */
export function patchSchema(noun: Noun): Schema {
  const fields = changeable(noun);
  return { type: "object", properties: withoutDefaults(fields), additionalProperties: false };
}

/** What PUT takes: the whole noun; what is left out becomes empty. With a shared schema, server fields are ignored. */
export function putSchema(noun: Noun): Schema {
  const fields = noun.sharedSchema ? Object.entries(noun.fields) : changeable(noun);
  const required = fields.filter(([, field]) => field.required).map(([name]) => name);
  return { type: "object", properties: withoutDefaults(fields), required, additionalProperties: false };
}

/** The fields create takes from the body. */
export function writable(noun: Noun): readonly (readonly [string, Field])[] {
  const inPath = new Set(noun.parents.map((parent) => parent.param));
  return Object.entries(noun.fields).filter(([name, field]) => !field.readOnly && !inPath.has(name));
}

/** The fields update takes from the body. */
export function changeable(noun: Noun): readonly (readonly [string, Field])[] {
  return writable(noun).filter(([, field]) => !field.fixed);
}

/** `team` of `teamId`. */
export function expandedName(field: string): string {
  return field.replace(/Id$/, "");
}

function referenceSchema(field: Field | undefined): Schema {
  return {
    description: `${field?.ref ?? "The relation"} by id and name`,
    anyOf: [{ $ref: "#/components/schemas/Reference" }, { type: "null" }],
    readOnly: true,
  };
}

function notifySchema(noun: Noun): Schema {
  return noun.notifyDefault === null ? notifyField.schema : { ...notifyField.schema, default: noun.notifyDefault };
}

function withoutDefaults(fields: readonly (readonly [string, Field])[]): { readonly [name: string]: Schema } {
  return Object.fromEntries(
    fields.map(([name, field]) => {
      const { default: _left, ...schema } = field.schema;
      return [name, schema];
    }),
  );
}
