import type { Schema } from "../descriptor.ts";
import { exactSchema } from "../operations/exact.ts";
import { oncePer } from "../operations/once.ts";
import type { Tool, ToolOrigin } from "./tool.ts";

const exactOf = oncePer((origin: ToolOrigin): Schema => exactSchema(origin));

/**
 * The output schema of a Tool with the entity as the Spec states it, for people and programs that read about the API; undefined
 * where the Tool has none. Clients are served `definition.outputSchema` instead, which a drifted answer cannot break.
 */
export function exactOutput({ origin, definition }: Tool): Schema | undefined {
  return origin === undefined || definition.outputSchema === undefined ? definition.outputSchema : exactOf(origin);
}
