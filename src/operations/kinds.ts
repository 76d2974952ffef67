import type { OperationKind } from "../descriptor.ts";
import * as action from "./action.ts";
import * as count from "./count.ts";
import * as create from "./create.ts";
import * as remove from "./delete.ts";
import * as get from "./get.ts";
import * as list from "./list.ts";
import type { KindRules } from "./steps.ts";
import * as update from "./update.ts";

/** What each OperationKind means. */
export const kinds: Readonly<Record<OperationKind, KindRules>> = {
  list,
  count,
  get,
  create,
  update,
  delete: remove,
  action,
};
