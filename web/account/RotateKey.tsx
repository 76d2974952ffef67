import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { KeyView } from "../../src/auth/keyView.ts";
import { type ApiError, send } from "../api.ts";
import { Dialog } from "../parts/Dialog.tsx";
import { Problem } from "../parts/Notice.tsx";
import { errorOf } from "../parts/useLoaded.ts";
import { NewKey } from "./NewKey.tsx";

export interface RotateKeyProps {
  readonly view: KeyView;
  readonly onRotated: () => Promise<void>;
  readonly onClose: () => void;
}

const overlaps = [
  { seconds: 0, words: "It ends at once" },
  { seconds: 3_600, words: "It stays good for an hour" },
  { seconds: 86_400, words: "It stays good for a day" },
  { seconds: 604_800, words: "It stays good for a week" },
] as const;

/** Makes the key that takes another's place. */
export function RotateKey({ view, onRotated, onClose }: RotateKeyProps): JSX.Element {
  const [overlap, setOverlap] = useState(86_400);
  const [value, setValue] = useState<string>();
  const [error, setError] = useState<ApiError>();
  const [isBusy, setBusy] = useState(false);
  const rotate = async (): Promise<void> => {
    setBusy(true);
    try {
      const { key } = await send<{ key: string }>("POST", `/account/keys/${view.id}/rotate`, {
        overlapSeconds: overlap,
      });
      setValue(key);
      await onRotated();
    } catch (thrown) {
      setError(errorOf(thrown));
      setBusy(false);
    }
  };
  if (value !== undefined) return <NewKey name={view.name} value={value} onClose={onClose} />;
  return (
    <Dialog title={`Rotate “${view.name}”`} onClose={onClose}>
      <p>You get a new key with the same rights. Put it where the old one is used, before that ends.</p>
      <Problem error={error} />
      <fieldset>
        <legend>What becomes of the old key</legend>
        {overlaps.map(({ seconds, words }) => (
          <label class="choice" key={seconds}>
            <input type="radio" name="overlap" checked={overlap === seconds} onChange={() => setOverlap(seconds)} />
            <span>{words}</span>
          </label>
        ))}
      </fieldset>
      <div class="buttons">
        <button type="button" onClick={onClose}>
          Cancel
        </button>
        <button type="button" class="main" disabled={isBusy} onClick={() => void rotate()}>
          Make the new key
        </button>
      </div>
    </Dialog>
  );
}
