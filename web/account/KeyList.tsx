import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { OwnKey } from "../../src/oauth/account/account.ts";
import { send } from "../api.ts";
import { Access } from "../parts/Access.tsx";
import { Calls } from "../parts/Calls.tsx";
import { ConfirmDialog } from "../parts/ConfirmDialog.tsx";
import { KeyName } from "../parts/KeyName.tsx";
import { When } from "../parts/When.tsx";
import { RotateKey } from "./RotateKey.tsx";

export interface KeyListProps {
  readonly keys: readonly OwnKey[];
  readonly mayRotate: boolean;
  /** Something was changed. */
  readonly onChange: () => Promise<void>;
}

/** Keys of the user's own. */
export function KeyList({ keys, mayRotate, onChange }: KeyListProps): JSX.Element {
  const [doing, setDoing] = useState<{ readonly what: "rotate" | "revoke"; readonly key: OwnKey }>();
  if (keys.length === 0)
    return <p class="empty">You have no keys here. Make one for scripts, and for programs that take no sign-in.</p>;
  return (
    <>
      <div class="scroll">
        <table>
          <thead>
            <tr>
              <th scope="col">Key</th>
              <th scope="col">Organisation</th>
              <th scope="col">May</th>
              <th scope="col">Expires</th>
              <th scope="col">Last used</th>
              <th scope="col" class="number">
                Calls 24 h / 30 d
              </th>
              <th scope="col">
                <span class="hidden">Actions</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {keys.map((one) => (
              <tr key={one.id}>
                <th scope="row" data-label="Key">
                  <KeyName view={one} />
                </th>
                <td data-label="Organisation">{one.organisation?.name ?? one.organisation?.id ?? "–"}</td>
                <td data-label="May">
                  <Access access={one.access} />
                </td>
                <td data-label="Expires">
                  <When at={one.expiresAt} />
                </td>
                <td data-label="Last used">
                  <When at={one.lastUsedAt} />
                </td>
                <td data-label="Calls 24 h / 30 d" class="number">
                  <Calls calls={one.calls} />
                </td>
                <td class="actions">
                  {mayRotate && one.status === "active" && (
                    <button
                      type="button"
                      onClick={() => setDoing({ what: "rotate", key: one })}
                      aria-label={`Rotate ${one.name}`}
                    >
                      Rotate
                    </button>
                  )}
                  <button
                    type="button"
                    onClick={() => setDoing({ what: "revoke", key: one })}
                    aria-label={`Revoke ${one.name}`}
                  >
                    Revoke
                  </button>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {doing?.what === "rotate" && (
        <RotateKey view={doing.key} onRotated={onChange} onClose={() => setDoing(undefined)} />
      )}
      {doing?.what === "revoke" && (
        <ConfirmDialog
          title={`Revoke “${doing.key.name}”?`}
          action="Revoke"
          isDangerous
          onConfirm={async () => {
            await send("POST", `/account/keys/${doing.key.id}/revoke`);
            await onChange();
          }}
          onClose={() => setDoing(undefined)}
        >
          <p>Whatever uses it is refused within a second. This cannot be undone.</p>
        </ConfirmDialog>
      )}
    </>
  );
}
