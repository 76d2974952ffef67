import type { JSX } from "preact";

export interface SearchBarProps {
  /** What can be found. */
  readonly label: string;
  readonly search: string;
  readonly onSearch: (text: string) => void;
  readonly includeEnded: boolean;
  readonly onIncludeEnded: (isWanted: boolean) => void;
}

/** Narrows a list of keys or connections. */
export function SearchBar(props: SearchBarProps): JSX.Element {
  return (
    <search class="bar">
      <label class="grow">
        <span class="hidden">{props.label}</span>
        <input
          type="search"
          value={props.search}
          placeholder={props.label}
          onInput={(event) => props.onSearch(event.currentTarget.value)}
        />
      </label>
      <label class="check">
        <input
          type="checkbox"
          checked={props.includeEnded}
          onChange={(event) => props.onIncludeEnded(event.currentTarget.checked)}
        />
        Also those that are over
      </label>
    </search>
  );
}
