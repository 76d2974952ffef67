import type { JSX } from "preact";
import { page } from "../page.ts";
import { CopyField } from "../parts/CopyField.tsx";
import { Dialog } from "../parts/Dialog.tsx";
import { Box } from "../parts/Notice.tsx";

export interface NewKeyProps {
  readonly name: string;
  /** The key itself, which nobody can show again. */
  readonly value: string;
  readonly onClose: () => void;
}

/** The one time that a key is shown. Only the button closes it. */
export function NewKey({ name, value, onClose }: NewKeyProps): JSX.Element {
  const { url, keyHeader } = page.endpoint;
  const header = keyHeader === "authorization" ? "Authorization: Bearer" : `${keyHeader}:`;
  return (
    <Dialog title={`Your key “${name}”`} onClose={onClose} isFirm>
      <Box kind="warn">
        <p>
          <strong>Copy it now.</strong> It is shown this once, and cannot be looked up later.
        </p>
      </Box>
      <CopyField label="API key" value={value} />
      <details class="how">
        <summary>Check that it works</summary>
        <pre>
          curl -H "{header} {value}" {url}
        </pre>
      </details>
      <div class="buttons one">
        <button type="button" class="main" onClick={onClose}>
          I have copied it
        </button>
      </div>
    </Dialog>
  );
}
