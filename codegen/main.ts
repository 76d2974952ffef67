import type { CodegenConfig } from "../src/config/codegen.ts";
import { type DescribeOptions, describe } from "./describe.ts";
import type { Described, LoadedSpec } from "./model.ts";

/** The pure middle of codegen: what `serve --spec` serves, and what `generate` emits. See {@link describe}. */
export function describeSpec(loaded: LoadedSpec, config: CodegenConfig, options: DescribeOptions): Described {
  const { api, manifest } = describe(loaded, config, options);
  return { api, manifest };
}
