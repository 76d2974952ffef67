import type { JSX } from "preact";
import { useId, useRef, useState } from "preact/hooks";

/** A text to be copied, with a button that does it. */
export function CopyField({ label, value }: { readonly label: string; readonly value: string }): JSX.Element {
  const field = useRef<HTMLInputElement>(null);
  const id = useId();
  const [said, setSaid] = useState("");
  const copy = async (): Promise<void> => {
    field.current?.select();
    try {
      await navigator.clipboard.writeText(value);
      setSaid("Copied");
    } catch {
      // Without https, or where the browser asks and is told no.
      setSaid("Selected: copy it with your keyboard");
    }
  };
  return (
    <div class="copy">
      <label for={id}>{label}</label>
      <div class="row">
        <input id={id} ref={field} readOnly value={value} onFocus={(event) => event.currentTarget.select()} />
        <button type="button" onClick={() => void copy()}>
          Copy
        </button>
      </div>
      <p class="note" role="status">
        {said}
      </p>
    </div>
  );
}
