import type { JSX } from "preact";
import type { Named } from "../../src/storage/port.ts";

export interface PageChoiceProps {
  readonly pages: readonly Named[];
  /** What people call them. */
  readonly label: string;
  /** Undefined: all of them. */
  readonly chosen: readonly string[] | undefined;
  readonly onChoose: (pages: readonly string[] | undefined) => void;
}

/** Which pages a key reaches. */
export function PageChoice({ pages, label, chosen, onChoose }: PageChoiceProps): JSX.Element | null {
  if (pages.length === 0) return null;
  return (
    <fieldset>
      <legend>{label} it may reach</legend>
      <label class="choice">
        <input type="radio" name="pages" checked={chosen === undefined} onChange={() => onChoose(undefined)} />
        <span>All of them, those added later too</span>
      </label>
      <label class="choice">
        <input type="radio" name="pages" checked={chosen !== undefined} onChange={() => onChoose([])} />
        <span>Only some</span>
      </label>
      {chosen !== undefined && (
        <div class="inner">
          {pages.map(({ id, name }) => (
            <label class="choice" key={id}>
              <input
                type="checkbox"
                checked={chosen.includes(id)}
                onChange={(event) =>
                  onChoose(event.currentTarget.checked ? [...chosen, id] : chosen.filter((one) => one !== id))
                }
              />
              <span>{name ?? id}</span>
            </label>
          ))}
        </div>
      )}
    </fieldset>
  );
}
