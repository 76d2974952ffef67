import type { ComponentChildren, JSX } from "preact";
import { Problem } from "./Notice.tsx";
import type { Pages } from "./useLoaded.ts";

export interface ListFrameProps {
  readonly list: Pages<unknown>;
  /** What is said where there is nothing. */
  readonly empty: string;
  /** Titles of the columns; those that begin with `#` hold numbers, an empty one actions. */
  readonly columns: readonly string[];
  /** The rows. */
  readonly children: ComponentChildren;
}

/** A table that comes page by page. */
export function ListFrame({ list, empty, columns, children }: ListFrameProps): JSX.Element {
  const { items, error, isLoading, more } = list;
  return (
    <>
      <Problem error={error} />
      {items === undefined && error === undefined && <p class="loading">Loading …</p>}
      {items?.length === 0 && <p class="empty">{empty}</p>}
      {items !== undefined && items.length > 0 && (
        <div class="scroll">
          <table aria-busy={isLoading}>
            <thead>
              <tr>
                {columns.map((title) => (
                  <th key={title} scope="col" class={title.startsWith("#") ? "number" : undefined}>
                    {title === "" ? <span class="hidden">Actions</span> : title.replace(/^#/, "")}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>{children}</tbody>
          </table>
        </div>
      )}
      {items !== undefined && (
        <p class="more">
          <span role="status">
            {items.length} shown{more === undefined ? "" : ", there are more"}
          </span>
          {more !== undefined && (
            <button type="button" disabled={isLoading} onClick={() => void more()}>
              Show more
            </button>
          )}
        </p>
      )}
    </>
  );
}
