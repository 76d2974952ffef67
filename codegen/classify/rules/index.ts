import type { Rule } from "../rule.ts";
import { answer } from "./answer.ts";
import { bulk } from "./bulk.ts";
import { collection } from "./collection.ts";
import { extension } from "./extension.ts";
import { item } from "./item.ts";
import { operationId } from "./operationId.ts";
import { pathVerb } from "./pathVerb.ts";
import { postUpdate } from "./postUpdate.ts";
import { readBody } from "./readBody.ts";
import { search } from "./search.ts";
import { singleton } from "./singleton.ts";
import { summary } from "./summary.ts";
import { twin } from "./twin.ts";

/** Every rule, in the order in which their evidence is listed: strongest sources first. */
export const rules: readonly Rule[] = [
  extension,
  operationId,
  pathVerb,
  bulk,
  search,
  twin,
  item,
  collection,
  singleton,
  postUpdate,
  readBody,
  answer,
  summary,
];
