import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { HostedResource } from "../../src/http/routes/admin/hostedMcp.ts";
import { send } from "../api.ts";
import { ConfirmDialog } from "../parts/ConfirmDialog.tsx";
import { CopyField } from "../parts/CopyField.tsx";
import { Problem, Tag } from "../parts/Notice.tsx";
import { useLoaded } from "../parts/useLoaded.ts";
import { When } from "../parts/When.tsx";

interface Settings {
  readonly enabled: boolean;
  readonly changedBy: string | null;
  readonly changedAt: string | null;
  readonly resources: readonly HostedResource[];
}

const path = "/admin/hosted-mcp/settings";

/** The switch for connections by OAuth, and what to give to users. */
export function HostedMcp(): JSX.Element {
  const { value, error, reload } = useLoaded(() => send<Settings>("GET", path), []);
  const [isAsking, setAsking] = useState(false);
  const turn = async (enabled: boolean): Promise<void> => {
    await send("PUT", path, { enabled });
    await reload();
  };
  return (
    <section class="card" aria-labelledby="hosted">
      <Problem error={error} />
      {value === undefined && error === undefined && <p class="loading">Loading …</p>}
      {value !== undefined && (
        <>
          <div class="heading">
            <h2 id="hosted">Hosted MCP is {value.enabled ? <Tag kind="good">On</Tag> : <Tag kind="bad">Off</Tag>}</h2>
            <button type="button" class={value.enabled ? "danger" : "main"} onClick={() => setAsking(true)}>
              {value.enabled ? "Turn off" : "Turn on"}
            </button>
          </div>
          <p class="soft">
            {value.changedBy === null ? (
              "On since the start; nobody has changed it."
            ) : (
              <>
                Changed by {value.changedBy} <When at={value.changedAt} />.
              </>
            )}
          </p>
          <dl class="facts">
            <div>
              <dt>On</dt>
              <dd>
                Users connect Claude, ChatGPT and other assistants by the URL below: they sign in, choose what the
                assistant may do, and approve.
              </dd>
            </div>
            <div>
              <dt>Off</dt>
              <dd>
                No assistant can be connected this way, and those that are connected are refused within a second, on
                every server. Nothing is deleted: turned on again, they work as before unless their sign-in has run out
                meanwhile. API keys are not affected.
              </dd>
            </div>
          </dl>
          <h3>What users enter in their assistant</h3>
          {value.resources.map(({ title, url, metadataUrl }) => (
            <div key={url} class="resource">
              <CopyField label={`${title}: MCP server URL (resource), exactly as it stands`} value={url} />
              <p class="note">
                Protected-resource metadata: {value.enabled ? <a href={metadataUrl}>{metadataUrl}</a> : metadataUrl}
              </p>
            </div>
          ))}
          {isAsking && (
            <ConfirmDialog
              title={value.enabled ? "Turn hosted MCP off?" : "Turn hosted MCP on?"}
              action={value.enabled ? "Turn off" : "Turn on"}
              isDangerous={value.enabled}
              onConfirm={() => turn(!value.enabled)}
              onClose={() => setAsking(false)}
            >
              <p>
                {value.enabled
                  ? "Every connected assistant is refused within a second, for every user, until it is on again."
                  : "Assistants that were connected before are let in again, and users can connect others."}
              </p>
            </ConfirmDialog>
          )}
        </>
      )}
    </section>
  );
}
