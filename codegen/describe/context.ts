import type { Converter } from "../fields/convert.ts";
import type { Document } from "../model.ts";
import type { Rules } from "./rules.ts";

/** What every step of describing needs: the Spec, the way to convert its schemas, and the decisions of gateway.yaml. */
export interface Context {
  readonly document: Document;
  readonly converter: Converter;
  readonly rules: Rules;
}
