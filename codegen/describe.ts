import type { CodegenConfig } from "../src/config/codegen.ts";
import type { Api } from "../src/descriptor.ts";
import { classify } from "./classify/classify.ts";
import { rejectConflicts } from "./classify/conflicts.ts";
import { findBoilerplate } from "./describe/boilerplate.ts";
import type { Context } from "./describe/context.ts";
import { disagreements } from "./describe/effects.ts";
import { describeIds } from "./describe/relations.ts";
import { type DescribedResource, describeResource } from "./describe/resource.ts";
import { compileRules } from "./describe/rules.ts";
import { securitySchemes } from "./describe/security.ts";
import { plainSecurity } from "./describe/tool.ts";
import { createConverter } from "./fields/convert.ts";
import { settle } from "./fields/settle.ts";
import { textCleaner, visibleText } from "./fields/text.ts";
import { buildManifest } from "./manifest.ts";
import type { Described, LoadedSpec } from "./model.ts";
import { type NamedResource, nameAll } from "./names.ts";
import { listOperations } from "./operations.ts";
import { kebab, splitWords } from "./words.ts";

export interface DescribeOptions {
  /** Operations whose signals disagree become actions with a warning, instead of stopping generation. */
  readonly allowConflicts: boolean;
  /** Name of the API; default: the Spec's title in kebab-case. */
  readonly name?: string;
}

/** A described API with the names its generated files have. */
export interface DescribedWithNames extends Described {
  readonly names: readonly NamedResource[];
}

/**
 * What the Spec comes to: the Api and the account of every Operation. Pure; the same Spec gives the same value whatever
 * the order of its paths. Throws `invalid_request` for conflicts (unless allowed) and for decisions that match nothing.
 */
export function describe(loaded: LoadedSpec, config: CodegenConfig, options: DescribeOptions): DescribedWithNames {
  const { document } = loaded;
  const operations = listOperations(document);
  const classification = classify(operations, document, {
    allowConflicts: options.allowConflicts,
    ...(config.operations !== undefined && { overrides: config.operations }),
  });
  const decisions = disagreements(classification.decisions, config);
  if (!options.allowConflicts) rejectConflicts(decisions.filter(({ conflict }) => conflict !== undefined));
  const names = nameAll({ decisions });
  const context = createContext(loaded, config);
  const schemes = securitySchemes(document);
  const security = plainSecurity(document.security ?? [], schemes);
  const described = names.map((named) => describeResource(context, named, { schemes, security }));
  context.rules.rejectUnused();
  const api = assembleApi(context, described, { loaded, options, schemes, security });
  const skipped = [...classification.skipped, ...described.flatMap((one) => one.skipped)];
  const loosened = context.converter.loosened();
  return { api, manifest: buildManifest({ loaded, config, api, decisions, skipped, loosened }), names };
}

function createContext({ document }: LoadedSpec, config: CodegenConfig): Context {
  const { descriptionChars } = config.budgets ?? {};
  const text = textCleaner({
    ...(config.text?.cut !== undefined && { cut: config.text.cut }),
    boilerplate: [...findBoilerplate(document), ...(config.text?.boilerplate ?? [])],
    ...(descriptionChars !== undefined && { descriptionChars }),
  });
  return { document, converter: createConverter(document, text), rules: compileRules(config) };
}

interface ApiInput {
  readonly loaded: LoadedSpec;
  readonly options: DescribeOptions;
  readonly schemes: Api["securitySchemes"];
  readonly security: Api["security"];
}

function assembleApi(context: Context, described: readonly DescribedResource[], input: ApiInput): Api {
  const { info } = input.loaded.document;
  const { wrappers, budgets } = context.rules.config;
  const offered = described.map(({ resource }) => resource).filter(hasTools);
  const { resources, schemas } = settle(describeIds(offered), context.converter.defs, {
    ...(budgets?.depth !== undefined && { depth: budgets.depth }),
    ...(budgets?.subschemas !== undefined && { subschemas: budgets.subschemas }),
    loosen: context.converter.loosen,
  });
  const title = visibleText(String(info?.title ?? "")).slice(0, 200) || "API";
  const description = context.converter.text.clean(info?.description);
  return {
    name: input.options.name ?? (kebab(splitWords(title)).slice(0, 60) || "api"),
    title,
    version: visibleText(String(info?.version ?? "")).slice(0, 100),
    ...(description !== undefined && { description }),
    securitySchemes: input.schemes,
    security: input.security,
    ...(wrappers !== undefined && {
      wrappers: { type: wrappers.type, value: wrappers.value, names: Object.keys(wrappers.names).sort() },
    }),
    schemas,
    resources,
  };
}

function hasTools({ tools, actions }: Api["resources"][number]): boolean {
  return Object.keys(tools).length + Object.keys(actions).length > 0;
}
