import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { KeyView } from "../../src/auth/keyView.ts";
import { queryOf, send } from "../api.ts";
import { Scopes } from "../parts/Access.tsx";
import { Calls } from "../parts/Calls.tsx";
import { ConfirmDialog } from "../parts/ConfirmDialog.tsx";
import { KeyName } from "../parts/KeyName.tsx";
import { ListFrame } from "../parts/ListFrame.tsx";
import { useDelayed } from "../parts/useDelayed.ts";
import { usePages } from "../parts/useLoaded.ts";
import { When } from "../parts/When.tsx";
import { SearchBar } from "./SearchBar.tsx";

/** Everybody's keys, those of connections among them. */
export function AllKeys(): JSX.Element {
  const [search, setSearch] = useState("");
  const [includeEnded, setIncludeEnded] = useState(false);
  const [ending, setEnding] = useState<KeyView>();
  const wanted = useDelayed(search);
  const list = usePages(
    (cursor) =>
      send<{ items: readonly KeyView[]; nextCursor?: string }>(
        "GET",
        `/admin/keys${queryOf({ search: wanted, includeEnded: includeEnded ? "true" : "", limit: "25", cursor })}`,
      ),
    [wanted, includeEnded],
  );
  return (
    <section class="card" aria-label="API keys">
      <SearchBar
        label="Search by name, user, organisation or id"
        search={search}
        onSearch={setSearch}
        includeEnded={includeEnded}
        onIncludeEnded={setIncludeEnded}
      />
      <ListFrame
        list={list}
        empty={wanted === "" ? "There are no keys yet." : "No key matches."}
        columns={["Key", "User", "Organisation", "May", "Expires", "Last used", "#Calls 24 h / 30 d", ""]}
      >
        {list.items?.map((one) => (
          <tr key={one.id}>
            <th scope="row" data-label="Key">
              <KeyName view={one} />
            </th>
            <td data-label="User">{one.user?.name ?? one.user?.id ?? "–"}</td>
            <td data-label="Organisation">{one.organisation?.name ?? one.organisation?.id ?? "–"}</td>
            <td data-label="May">
              <Scopes scopes={one.scopes} />
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
              {(one.status === "active" || one.status === "rotated") && (
                <button
                  type="button"
                  onClick={() => setEnding(one)}
                  aria-label={`Revoke ${one.name} of ${one.user?.name ?? one.user?.id ?? "nobody"}`}
                >
                  Revoke
                </button>
              )}
            </td>
          </tr>
        ))}
      </ListFrame>
      {ending !== undefined && (
        <ConfirmDialog
          title={`Revoke “${ending.name}”?`}
          action="Revoke"
          isDangerous
          onConfirm={async () => {
            const path = ending.kind === "connection" ? "/admin/hosted-mcp/connections" : "/admin/keys";
            await send("POST", `${path}/${ending.id}/revoke`);
            await list.reload();
          }}
          onClose={() => setEnding(undefined)}
        >
          <p>
            Whatever uses this key of {ending.user?.name ?? ending.user?.id ?? "this user"} is refused within a second.
            This cannot be undone.
          </p>
        </ConfirmDialog>
      )}
    </section>
  );
}
