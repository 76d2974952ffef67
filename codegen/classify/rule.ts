import type { Effect, OperationKind } from "../../src/descriptor.ts";
import type { Evidence, SpecSchema } from "../model.ts";
import type { Facts } from "./facts.ts";

/** One way of telling what an Operation is. Rules know nothing of each other; `combine.ts` weighs what they say. */
export interface Rule {
  /** Its file name under `rules/`. */
  readonly name: string;
  readonly title: string;
  /** What it holds, in one sentence. */
  readonly sentence: string;
  /** A test builds each one as a Document and asks the rule. */
  readonly examples: readonly RuleExample[];
  /** Where the convention is written down. */
  readonly source: string;
  readonly read: (facts: Facts) => readonly Finding[];
}

/** An Operation in short and the kind that the rule finds for it. */
export interface RuleExample {
  /** `METHOD /path`, then the operationId where there is one: `POST /user/createWithList createUsersWithList`. */
  readonly given: string;
  /** Schema of the JSON body. */
  readonly body?: SpecSchema;
  /** Schema of the JSON answer. */
  readonly answer?: SpecSchema;
  /** Status of the answer. Default 200. */
  readonly status?: string;
  /** `x-` keys. */
  readonly extensions?: Readonly<Record<string, unknown>>;
  /** Other Operations of the Document. */
  readonly beside?: readonly (string | Pick<RuleExample, "given" | "body" | "answer">)[];
  /** Absent: the rule says nothing. */
  readonly kind?: OperationKind;
  readonly effect?: Effect;
}

/** An Evidence without the rule's name. */
export type Finding = Omit<Evidence, "rule">;

/** From this weight on, a piece of evidence is strong: two strong ones that disagree are a conflict. */
export const strong = 0.7;
