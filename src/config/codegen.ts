import type { CountSource, Effect, Json, OperationKind, Paging, ParamIn, Schema, Select, Slot } from "../descriptor.ts";

/**
 * The `codegen` part of gateway.yaml: decisions that change `generated/`. Each carries a `why`, which stays in the file;
 * each must match something, else generation fails. Validated by {@link codegenSchema}.
 */
export interface CodegenConfig {
  /** By operationId, else `METHOD /path`. */
  readonly operations?: { readonly [id: string]: OperationOverride };
  /** By {@link FieldName}. Applied to the noun's Fields and to the bodies and arguments of the same name. */
  readonly fields?: { readonly [field: FieldName]: FieldOverride };
  /** By {@link FieldName}: the values a field may have, where the Spec forgot them. */
  readonly enums?: { readonly [field: FieldName]: EnumOverride };
  /** By {@link FieldName}: arguments and body properties that are not offered. */
  readonly hidden?: { readonly [field: FieldName]: HiddenOverride };
  /** By {@link FieldName}: whether the field is a credential, where its name says otherwise. */
  readonly secret?: { readonly [field: FieldName]: SecretOverride };
  /** Typed value wrappers such as `{"_type":"DateTime","value":…}`. */
  readonly wrappers?: WrappersConfig;
  /** How Lists are paged, where the Spec does not tell. The first rule that matches an Operation applies. */
  readonly paging?: readonly PagingRule[];
  /** Where counts come from, where the Spec does not tell. */
  readonly count?: readonly CountRule[];
  /** How callers choose fields, where the Spec does not tell. */
  readonly select?: readonly SelectRule[];
  /** Body properties that hold filters by field and are rebuilt from the noun's Fields. */
  readonly filters?: readonly FilterRule[];
  /** Body properties that hold an order by field and are rebuilt from the noun's Fields. */
  readonly sort?: readonly SortRule[];
  /** Keys around request bodies. `[]` says that there are none. */
  readonly bodies?: readonly BodyRule[];
  /** Where answers hold the value. */
  readonly results?: readonly ResultRule[];
  /** Texts of the Spec that say nothing. */
  readonly text?: TextConfig;
  readonly budgets?: BudgetsConfig;
}

/**
 * `Monitor.slug` is one field of one ResourceType; either half may be `*`: `*.projectId`, `Monitor.*`.
 * The second half is the wire name of a property or parameter.
 */
type FieldName = string;

/** Which Operations a rule is for: globs (`*` is any text) over the id, and kinds. Both must hold. */
export interface OperationMatch {
  /** Default `*`. */
  readonly match?: string | readonly string[];
  /** Default: every kind. */
  readonly kind?: OperationKind | readonly OperationKind[];
  readonly why: string;
}

/** What a person decides about one Operation. */
export interface OperationOverride {
  /** PascalCase singular. */
  readonly resource?: string;
  readonly kind?: OperationKind;
  /** Verb of an action, lower case with underscores. */
  readonly verb?: string;
  readonly effect?: Effect;
  /** The Tool's name; the one it would have had becomes an alias only when listed. */
  readonly tool?: string;
  readonly aliases?: readonly string[];
  /** No Tool is made of it; `why` is its reason in the manifest. */
  readonly exclude?: boolean;
  /** The path template the server really has. */
  readonly path?: string;
  /** At most 120,000. */
  readonly timeoutMs?: number;
  /** Replaces the Tool's description. */
  readonly description?: string;
  /** Repeating it has the effect of doing it once. */
  readonly idempotent?: boolean;
  /** Sentences added to the Tool's description. */
  readonly notes?: readonly string[];
  readonly why: string;
}

/** What a person decides about a field. Schema keywords replace the Spec's. */
export interface FieldOverride {
  /** Replaces the whole schema of the field. */
  readonly schema?: Schema;
  /** Replaces the schema in answers alone, where the API answers otherwise than it takes; stronger there than `schema`. */
  readonly answer?: Schema;
  readonly description?: string;
  readonly format?: string;
  readonly readOnly?: boolean;
  readonly writeOnly?: boolean;
  /** In no default selection. */
  readonly heavy?: boolean;
  /** Whether a List returns it unasked, where the rules of codegen/describe/defaultFields.ts decide otherwise. */
  readonly shown?: boolean;
  /** Name of the value wrapper it travels in. */
  readonly wrapper?: string;
  readonly why: string;
}

export interface EnumOverride {
  readonly values: readonly Json[];
  readonly why: string;
}

export interface HiddenOverride {
  /** Where it is hidden. Default: everywhere but in answers. */
  readonly kinds?: readonly OperationKind[];
  /** Also only as a parameter of this place. */
  readonly in?: ParamIn | "body";
  /** Sent with every call. Needed where the Spec requires the value. */
  readonly value?: Json;
  readonly why: string;
}

export interface SecretOverride {
  /** Default true. */
  readonly secret?: boolean;
  readonly why: string;
}

/** `names` gives each known wrapper the schema of the plain value in it. */
export interface WrappersConfig {
  /** Key that holds the wrapper's name: `_type`. */
  readonly type: string;
  /** Key that holds the plain value: `value`. */
  readonly value: string;
  readonly names: { readonly [name: string]: Schema };
  readonly why: string;
}

export type PagingRule = OperationMatch & { readonly paging: Paging };

export type CountRule = OperationMatch & { readonly count: CountSource };

/** `names` are the noun's Fields, without secret ones. */
export type SelectRule = OperationMatch & { readonly select: Omit<Select, "names"> };

/**
 * A body property such as OneUptime's `query`: an object with a filter per field, each a bare value or an operator
 * `{"_type":"GreaterThan","value":3}`. Which operators a field has follows from the first column type it fits.
 */
export type FilterRule = OperationMatch & {
  /** Where the filters go. */
  readonly slot: Slot;
  /** Key that names the operator: `_type`. */
  readonly tag: string;
  /** A plain value is allowed and means equality. Default true. */
  readonly bare?: boolean;
  /** Operand keys of each operator; `one` is a value of the column, `many` an array of them. */
  readonly operators: { readonly [operator: string]: { readonly [key: string]: "one" | "many" } };
  readonly columns: readonly FilterColumn[];
};

/** A column type. `when` lists what a Field must have; the first column type that fits is taken. */
export interface FilterColumn {
  /** PascalCase; names the shared schema `<name>Filter`. */
  readonly name: string;
  /** Keywords of the Field (`type`, `format`, `wrapper`, `itemType`, `itemProperty`, `name`); a list is a choice. `{}` fits all. */
  readonly when: { readonly [keyword in FilterKeyword]?: string | readonly string[] };
  /** Schema of one value. Default: any JSON value. */
  readonly value?: Schema;
  /** Whether a plain value may stand for equality here. Default: the rule's. */
  readonly bare?: boolean;
  readonly operators: readonly string[];
}

/** `itemProperty` is the name of a property that the array's items have; `name` the field's own. */
export type FilterKeyword = "type" | "format" | "wrapper" | "itemType" | "itemProperty" | "name";

export type SortRule = OperationMatch & {
  readonly slot: Slot;
  /** Allowed values per field, such as `["ASC", "DESC"]`. */
  readonly values: readonly Json[];
  /** Column types of the filter rules by which one cannot sort. */
  readonly not?: readonly string[];
};

export type BodyRule = OperationMatch & { readonly wrap: readonly string[] };

export type ResultRule = OperationMatch & {
  /** Path from the body to the value. */
  readonly unwrap?: readonly string[];
  /** Success has no body worth reading. */
  readonly empty?: boolean;
  /** False: the answer is not the noun. */
  readonly noun?: boolean;
};

export interface TextConfig {
  /** Regular expressions (RE2 syntax); what each matches is cut from descriptions. */
  readonly cut?: readonly string[];
  /** Descriptions that are dropped when a field has nothing else to say. */
  readonly boilerplate?: readonly string[];
  readonly why: string;
}

/** Smaller limits than the built-in ones. */
export interface BudgetsConfig {
  /** Characters of one description; default and maximum 1,024. */
  readonly descriptionChars?: number;
  /** Depth of one Tool's schema; default and maximum 32. */
  readonly depth?: number;
  /** Subschemas of one Tool; default and maximum 2,000. */
  readonly subschemas?: number;
  /** Tokens (estimated, see `specgate cost`) of the list of each Surface, or of those named. Default: any number. */
  readonly tokens?: number | { readonly [surface: string]: number };
  /** Tokens of the definition of any one Tool in a list. Default: any number. */
  readonly toolTokens?: number;
  readonly why?: string;
}

export { codegenSchema } from "./codegenSchema.ts";
