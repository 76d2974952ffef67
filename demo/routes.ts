/** Every operation of Beacon: those the model stands for, and those written by hand. */
import type { Schema } from "./model/fields.ts";
import { nouns } from "./model/index.ts";
import { routesOf } from "./nounRoutes.ts";
import type { Route } from "./route.ts";
import { accountRoutes, accountSchemas, withKeyValue, withMemberships } from "./special/account.ts";
import { bulkRoutes, bulkSchemas } from "./special/bulk.ts";
import { pageRoutes, pageSchemas } from "./special/pages.ts";
import { questionRoutes, questionSchemas } from "./special/questions.ts";

/** All operations, in the order of the document. */
export const routes: readonly Route[] = [
  ...accountRoutes,
  ...nouns.flatMap(routesOf).map(withKeyValue).map(withMemberships),
  ...pageRoutes,
  ...bulkRoutes,
  ...questionRoutes,
];

/** Component schemas beside those of the nouns. */
export const specialSchemas: Readonly<Record<string, Schema>> = {
  ...accountSchemas,
  ...pageSchemas,
  ...bulkSchemas,
  ...questionSchemas,
};
