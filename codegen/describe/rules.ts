import type {
  CodegenConfig,
  EnumOverride,
  FieldOverride,
  HiddenOverride,
  OperationMatch,
  SecretOverride,
} from "../../src/config/codegen.ts";
import type { Json, OperationKind } from "../../src/descriptor.ts";
import { GatewayError } from "../../src/errors.ts";
import type { Decision } from "../model.ts";

/** A list of rules on Operations in the configuration. */
export type RuleList = "paging" | "count" | "select" | "filters" | "sort" | "bodies" | "results";

type RuleOf<List extends RuleList> = NonNullable<CodegenConfig[List]>[number];

/** Where an argument is: the `in` of a parameter, or the body. */
export type ArgumentIn = NonNullable<HiddenOverride["in"]>;

/** The configuration as questions that describing an API asks of it. Remembers what was answered. */
export interface Rules {
  readonly config: CodegenConfig;
  readonly field: (resource: string, field: string) => FieldOverride | undefined;
  readonly enumOf: (resource: string, field: string) => EnumOverride | undefined;
  readonly secret: (resource: string, field: string) => SecretOverride | undefined;
  readonly hidden: (
    resource: string,
    field: string,
    kind: OperationKind,
    place: ArgumentIn,
  ) => HiddenOverride | undefined;
  /** The first rule of a list that matches the Operation. */
  readonly rule: <List extends RuleList>(list: List, decision: Decision) => RuleOf<List> | undefined;
  /** Throws `invalid_request` naming what matched nothing: such a decision is a slip, or the Spec has moved on. */
  readonly rejectUnused: () => void;
}

export function compileRules(config: CodegenConfig): Rules {
  const unused = new Set(allKeys(config));
  const used = <Value>(key: string, value: Value | undefined): Value | undefined => {
    if (value !== undefined) unused.delete(key);
    return value;
  };
  const byField = <Value>(list: "fields" | "enums" | "secret" | "hidden", resource: string, field: string) => {
    const map = (config[list] ?? {}) as { readonly [name: string]: Value };
    const names = [`${resource}.${field}`, `*.${field}`, `${resource}.*`].filter((name) => Object.hasOwn(map, name));
    return names.map((name): [string, Value] => [`${list} "${name}"`, map[name] as Value]);
  };
  const first = <Value>(found: readonly (readonly [string, Value])[]): Value | undefined => {
    const [key, value] = found[0] ?? [];
    return key === undefined ? undefined : used(key, value);
  };
  return {
    config,
    field: (resource, field) => first(byField<FieldOverride>("fields", resource, field)),
    enumOf: (resource, field) => first(byField<EnumOverride>("enums", resource, field)),
    secret: (resource, field) => first(byField<SecretOverride>("secret", resource, field)),
    hidden: (resource, field, kind, place) =>
      first(
        byField<HiddenOverride>("hidden", resource, field).filter(
          ([, { kinds, in: only }]) =>
            (kinds === undefined || kinds.includes(kind)) && (only === undefined || only === place),
        ),
      ),
    rule: <List extends RuleList>(list: List, decision: Decision) => {
      const rules = (config[list] ?? []) as readonly RuleOf<List>[];
      const at = rules.findIndex((rule) => matches(rule, decision));
      return used(`${list}[${at}]`, rules[at]);
    },
    rejectUnused: () => {
      if (unused.size === 0) return;
      throw new GatewayError(
        "invalid_request",
        `codegen: nothing in the document matches ${[...unused].sort().join(", ")}`,
        {
          next: "Correct or remove it in gateway.yaml.",
        },
      );
    },
  };
}

function allKeys(config: CodegenConfig): string[] {
  const maps = (["fields", "enums", "secret", "hidden"] as const).flatMap((list) =>
    Object.keys(config[list] ?? {}).map((name) => `${list} "${name}"`),
  );
  const lists = (["paging", "count", "select", "filters", "sort", "bodies", "results"] as const).flatMap((list) =>
    (config[list] ?? []).map((_, at) => `${list}[${at}]`),
  );
  return [...maps, ...lists];
}

function matches({ match = "*", kind }: OperationMatch, { operation, kind: own }: Decision): boolean {
  const kinds = kind === undefined ? [own] : [kind].flat();
  const ids = [operation.id, `${operation.method} ${operation.path}`];
  return kinds.includes(own) && [match].flat().some((glob) => ids.some((id) => globPattern(glob).test(id)));
}

function globPattern(glob: string): RegExp {
  const escaped = glob.replace(/[.+?^${}()|[\]\\]/g, String.raw`\$&`).replaceAll("*", ".*");
  return new RegExp(`^${escaped}$`, "s");
}

/**
 * The constant to send for a hidden argument, if any. Throws `invalid_request` where the Spec requires a value and
 * gateway.yaml gives none: every call would fail.
 */
export function hiddenValue(
  hidden: HiddenOverride,
  name: string,
  isRequired: boolean,
  { operation }: Decision,
): Json | undefined {
  if (hidden.value !== undefined || !isRequired) return hidden.value;
  throw new GatewayError(
    "invalid_request",
    `codegen.hidden: ${operation.id} requires ${JSON.stringify(name)}, so hiding it needs a value`,
    {
      next: "Add the value to send, or do not hide it.",
    },
  );
}
