import type { ComponentChildren, JSX } from "preact";
import { useState } from "preact/hooks";
import type { ApiError } from "../api.ts";
import { Dialog } from "./Dialog.tsx";
import { Problem } from "./Notice.tsx";
import { errorOf } from "./useLoaded.ts";

export interface ConfirmDialogProps {
  readonly title: string;
  readonly action: string;
  readonly isDangerous?: boolean;
  /** Resolves when it is done. */
  readonly onConfirm: () => Promise<void>;
  readonly onClose: () => void;
  readonly children: ComponentChildren;
}

/** Asks before something that cannot be undone. The first button is the one that does nothing. */
export function ConfirmDialog(props: ConfirmDialogProps): JSX.Element {
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<ApiError>();
  const confirm = async (): Promise<void> => {
    setBusy(true);
    try {
      await props.onConfirm();
      props.onClose();
    } catch (thrown) {
      setError(errorOf(thrown));
      setBusy(false);
    }
  };
  return (
    <Dialog title={props.title} onClose={props.onClose}>
      {props.children}
      <Problem error={error} />
      <div class="buttons">
        <button type="button" onClick={props.onClose}>
          Cancel
        </button>
        <button
          type="button"
          class={props.isDangerous === true ? "danger" : "main"}
          disabled={isBusy}
          onClick={() => void confirm()}
        >
          {props.action}
        </button>
      </div>
    </Dialog>
  );
}
