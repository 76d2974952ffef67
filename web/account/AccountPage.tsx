import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { Overview } from "../../src/oauth/account/account.ts";
import { send } from "../api.ts";
import { page } from "../page.ts";
import { CopyField } from "../parts/CopyField.tsx";
import { Problem } from "../parts/Notice.tsx";
import { useLoaded } from "../parts/useLoaded.ts";
import { ConnectionList } from "./ConnectionList.tsx";
import { CreateKey } from "./CreateKey.tsx";
import { KeyList } from "./KeyList.tsx";

/** `/account`: keys and connections of whoever is signed in. */
export function AccountPage(): JSX.Element {
  const { value, error, reload } = useLoaded(() => send<Overview>("GET", "/account"), []);
  const [isCreating, setCreating] = useState(false);
  const [organisation, setOrganisation] = useState("");
  const isShown = (one: { readonly organisation: { readonly id: string } | null }): boolean =>
    organisation === "" || one.organisation?.id === organisation;
  return (
    <>
      <div class="heading">
        <div>
          <h1>Your account</h1>
          <p class="lead">API keys of your own, and the assistants that act for you in {page.brand.name}.</p>
        </div>
        {value !== undefined && value.organisations.length > 1 && (
          <label class="filter">
            Organisation
            <select value={organisation} onChange={(event) => setOrganisation(event.currentTarget.value)}>
              <option value="">All of yours</option>
              {value.organisations.map(({ id, name }) => (
                <option key={id} value={id}>
                  {name ?? id}
                </option>
              ))}
            </select>
          </label>
        )}
      </div>
      <Problem error={error} />
      {value === undefined ? (
        error === undefined && <p class="loading">Loading …</p>
      ) : (
        <>
          <ConnectionList connections={value.connections.filter(isShown)} onChange={reload} />
          <section class="card" aria-labelledby="keys">
            <div class="heading">
              <h2 id="keys">API keys</h2>
              {value.noNewKeys === null && (
                <button type="button" class="main" onClick={() => setCreating(true)}>
                  Create key
                </button>
              )}
            </div>
            {value.noNewKeys !== null && <p class="note">{value.noNewKeys}</p>}
            <KeyList keys={value.keys.filter(isShown)} mayRotate={value.noNewKeys === null} onChange={reload} />
          </section>
          <section class="card" aria-labelledby="connect">
            <h2 id="connect">Connect an assistant</h2>
            <p class="soft">
              Give this URL to Claude, ChatGPT, Cursor or another assistant. It asks you here before it may do anything.{" "}
              <a href="/">Setup for each of them</a>
            </p>
            <CopyField label="MCP server URL" value={page.endpoint.url} />
          </section>
        </>
      )}
      {isCreating && value !== undefined && (
        <CreateKey
          organisations={value.organisations}
          organisation={organisation}
          onCreated={reload}
          onClose={() => setCreating(false)}
        />
      )}
    </>
  );
}
