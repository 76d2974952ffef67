import type { JSX } from "preact";
import type { AuditOutcome, ShownRecord } from "../../src/audit/event.ts";
import { Tag } from "../parts/Notice.tsx";
import { exact } from "../parts/When.tsx";
import type { AuditFilters } from "./AuditFilterBar.tsx";

export interface AuditRowProps {
  readonly record: ShownRecord;
  /** Asks for those of the same value. */
  readonly onNarrow: (name: keyof AuditFilters, value: string) => void;
}

const effectWords = { read: "Read", write: "Write", destroy: "Delete" } as const;

const outcomes: Readonly<Record<AuditOutcome, { readonly words: string; readonly kind?: "good" | "warn" | "bad" }>> = {
  ok: { words: "Done", kind: "good" },
  refused: { words: "Refused", kind: "warn" },
  failed: { words: "Failed", kind: "bad" },
  unknown: { words: "Unknown", kind: "bad" },
  cancelled_before_send: { words: "Cancelled" },
  client_gone: { words: "Done, client had left", kind: "good" },
  replayed: { words: "Replayed" },
  dry_run: { words: "Dry run" },
};

/** One record of the audit log. */
export function AuditRow({ record, onNarrow }: AuditRowProps): JSX.Element {
  const { at, tool, effect, kind, outcome, code, resource_id: resourceId, organisation } = record;
  const said = outcome == null ? { words: kind === "intent" ? "About to be sent" : kind } : outcomes[outcome];
  const narrow = (name: keyof AuditFilters, value: string | null): JSX.Element =>
    value === null ? (
      <span class="soft">–</span>
    ) : (
      <button type="button" class="cell" title="Show only these" onClick={() => onNarrow(name, value)}>
        {value}
      </button>
    );
  return (
    <tr>
      <td data-label="When">
        <time dateTime={at} title={at}>
          {exact(at)}
        </time>
      </td>
      <th scope="row" data-label="Tool">
        {narrow("tool", tool)}
        {resourceId !== null && <span class="under">{resourceId}</span>}
      </th>
      <td data-label="Effect">{effect === null ? "–" : effectWords[effect]}</td>
      <td data-label="Outcome">
        <Tag {...("kind" in said && said.kind !== undefined && { kind: said.kind })}>{said.words}</Tag>
        {code !== undefined && <span class="under">{code}</span>}
      </td>
      <td data-label="User">{narrow("user", record.actor_user_id)}</td>
      <td data-label="Organisation">{narrow("organisation", organisation)}</td>
      <td data-label="Key or connection">{narrow("actor", record.actor_id)}</td>
      <td data-label="Client">
        {record.client?.name ?? <span class="soft">–</span>}
        {record.client_host !== null && <span class="under">{record.client_host}</span>}
      </td>
    </tr>
  );
}
