import type { JSX } from "preact";
import type { KeyOffer } from "../../src/oauth/account/account.ts";

export interface PresetChoiceProps {
  readonly presets: KeyOffer["presets"];
  readonly chosen: string;
  readonly onChoose: (preset: string) => void;
}

/** What a key may do, in three steps. */
export function PresetChoice({ presets, chosen, onChoose }: PresetChoiceProps): JSX.Element {
  return (
    <fieldset>
      <legend>It may</legend>
      {presets.map(({ name, access, isAllowed }) => (
        <label class="choice" key={name}>
          <input
            type="radio"
            name="preset"
            checked={chosen === name}
            disabled={!isAllowed}
            onChange={() => onChoose(name)}
          />
          <span>
            {access.label}
            <small>{isAllowed ? access.words.join(". ") : "More than you may do yourself in this organisation."}</small>
          </span>
        </label>
      ))}
    </fieldset>
  );
}
