import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { OwnConnection } from "../../src/oauth/account/account.ts";
import { send } from "../api.ts";
import { Access } from "../parts/Access.tsx";
import { Calls } from "../parts/Calls.tsx";
import { Client } from "../parts/Client.tsx";
import { ConfirmDialog } from "../parts/ConfirmDialog.tsx";
import { When } from "../parts/When.tsx";

export interface ConnectionListProps {
  readonly connections: readonly OwnConnection[];
  /** Something was changed. */
  readonly onChange: () => Promise<void>;
}

/** Programs that act for the user, each with a way to end that. */
export function ConnectionList({ connections, onChange }: ConnectionListProps): JSX.Element {
  const [ending, setEnding] = useState<OwnConnection>();
  return (
    <section class="card" aria-labelledby="connections">
      <h2 id="connections">Connected assistants</h2>
      {connections.length === 0 ? (
        <p class="empty">Nothing is connected. When you approve an assistant, it is listed here.</p>
      ) : (
        <div class="scroll">
          <table>
            <thead>
              <tr>
                <th scope="col">Assistant</th>
                <th scope="col">Organisation</th>
                <th scope="col">May</th>
                <th scope="col">Connected</th>
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
              {connections.map((one) => (
                <tr key={one.id}>
                  <th scope="row" data-label="Assistant">
                    <Client {...one} />
                  </th>
                  <td data-label="Organisation">
                    {one.organisation?.name ?? one.organisation?.id ?? "–"}
                    {one.pages.length > 0 && (
                      <span class="under">{one.pages.map(({ id, name }) => name ?? id).join(", ")}</span>
                    )}
                  </td>
                  <td data-label="May">
                    <Access access={one.access} />
                  </td>
                  <td data-label="Connected">
                    <When at={one.createdAt} />
                  </td>
                  <td data-label="Last used">
                    <When at={one.lastUsedAt} />
                  </td>
                  <td data-label="Calls 24 h / 30 d" class="number">
                    <Calls calls={one.calls} />
                  </td>
                  <td class="actions">
                    <button type="button" onClick={() => setEnding(one)} aria-label={`Disconnect ${one.keyName}`}>
                      Disconnect
                    </button>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {ending !== undefined && (
        <ConfirmDialog
          title={`Disconnect ${ending.keyName}?`}
          action="Disconnect"
          isDangerous
          onConfirm={async () => {
            await send("POST", `/account/connections/${ending.id}/revoke`);
            await onChange();
          }}
          onClose={() => setEnding(undefined)}
        >
          <p>
            It loses access within a second, and what it is reading is stopped. You can connect it again from the
            assistant at any time.
          </p>
        </ConfirmDialog>
      )}
    </section>
  );
}
