import { createSearch, type SearchAliases } from "../catalog/search/search.ts";
import type { Tool } from "../catalog/tool.ts";
import type { Validator } from "../catalog/validator.ts";
import type { SurfaceConfig } from "../config/config.ts";
import { createCompactSurface } from "./compact/compact.ts";
import type { Surface } from "./surface.ts";
import { createTypedSurface, type TypedSurfaceOptions } from "./typed.ts";

export interface StyledSurfaceOptions extends TypedSurfaceOptions, Pick<SurfaceConfig, "style" | "pinned"> {
  /** Every Tool of the Catalog as this Surface has it, those that it does not offer too: so that nothing is told of what is hidden. */
  readonly all: readonly Tool[];
  readonly aliases: SearchAliases;
  readonly validator: Validator;
}

/** The Surface in the style that gateway.yaml gives it. */
export function createStyledSurface(options: StyledSurfaceOptions): Surface {
  switch (options.style) {
    case "typed":
      return createTypedSurface(options);
    case "compact":
      return createCompactSurface({ ...options, search: createSearch(options.all, options.aliases) });
    default:
      return options.style satisfies never;
  }
}
