import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { ConnectionView } from "../../src/oauth/port.ts";
import { queryOf, send } from "../api.ts";
import { Scopes } from "../parts/Access.tsx";
import { Client } from "../parts/Client.tsx";
import { ConfirmDialog } from "../parts/ConfirmDialog.tsx";
import { ListFrame } from "../parts/ListFrame.tsx";
import { Tag } from "../parts/Notice.tsx";
import { useDelayed } from "../parts/useDelayed.ts";
import { usePages } from "../parts/useLoaded.ts";
import { When } from "../parts/When.tsx";
import { SearchBar } from "./SearchBar.tsx";

/** Everybody's connections. */
export function AllConnections(): JSX.Element {
  const [search, setSearch] = useState("");
  const [includeEnded, setIncludeEnded] = useState(false);
  const [ending, setEnding] = useState<ConnectionView>();
  const wanted = useDelayed(search);
  const list = usePages(
    (cursor) =>
      send<{ items: readonly ConnectionView[]; nextCursor?: string }>(
        "GET",
        `/admin/connections${queryOf({ search: wanted, includeEnded: includeEnded ? "true" : "", limit: "25", cursor })}`,
      ),
    [wanted, includeEnded],
  );
  return (
    <section class="card" aria-label="Connections">
      <SearchBar
        label="Search by assistant, user or organisation"
        search={search}
        onSearch={setSearch}
        includeEnded={includeEnded}
        onIncludeEnded={setIncludeEnded}
      />
      <ListFrame
        list={list}
        empty={wanted === "" ? "Nobody has connected an assistant yet." : "No connection matches."}
        columns={["Assistant", "User", "Organisation", "May", "Connected", "Last used", ""]}
      >
        {list.items?.map((one) => (
          <tr key={one.id}>
            <th scope="row" data-label="Assistant">
              <Client {...one} />
            </th>
            <td data-label="User">{one.user?.name ?? one.user?.id ?? "–"}</td>
            <td data-label="Organisation">
              {one.organisation?.name ?? one.organisation?.id ?? "–"}
              {one.pages.length > 0 && (
                <span class="under">{one.pages.map(({ id, name }) => name ?? id).join(", ")}</span>
              )}
            </td>
            <td data-label="May">
              <Scopes scopes={one.scopes} />
            </td>
            <td data-label="Connected">
              <When at={one.createdAt} />
            </td>
            <td data-label="Last used">
              <When at={one.lastUsedAt} />
            </td>
            <td class="actions">
              {isOver(one) ? (
                <Tag kind="bad">{one.revokedAt === null ? "expired" : "revoked"}</Tag>
              ) : (
                <button
                  type="button"
                  onClick={() => setEnding(one)}
                  aria-label={`Revoke ${one.keyName} of ${one.user?.name ?? one.user?.id ?? "nobody"}`}
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
          title={`Revoke ${ending.keyName}?`}
          action="Revoke"
          isDangerous
          onConfirm={async () => {
            await send("POST", `/admin/hosted-mcp/connections/${ending.id}/revoke`);
            await list.reload();
          }}
          onClose={() => setEnding(undefined)}
        >
          <p>
            The assistant of {ending.user?.name ?? ending.user?.id ?? "this user"} loses access within a second: its
            streams are closed and what it reads is stopped. The user can connect it again.
          </p>
        </ConfirmDialog>
      )}
    </section>
  );
}

function isOver({ revokedAt, expiresAt }: ConnectionView): boolean {
  return revokedAt !== null || (expiresAt !== null && Date.parse(expiresAt) <= Date.now());
}
