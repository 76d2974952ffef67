import type { JSX } from "preact";

/** Values of the filters; empty: any. By their names in the URL. */
export interface AuditFilters {
  readonly tool: string;
  readonly effect: string;
  readonly outcome: string;
  readonly kind: string;
  readonly user: string;
  readonly organisation: string;
  readonly actor: string;
  readonly event: string;
  /** Days, `2026-07-28`; `to` is included. */
  readonly from: string;
  readonly to: string;
}

export const noFilters: AuditFilters = {
  tool: "",
  effect: "",
  outcome: "",
  kind: "",
  user: "",
  organisation: "",
  actor: "",
  event: "",
  from: "",
  to: "",
};

const choices = {
  effect: { read: "Read", write: "Write", destroy: "Delete" },
  outcome: {
    ok: "Done",
    refused: "Refused",
    failed: "Failed",
    unknown: "Unknown",
    cancelled_before_send: "Cancelled before it was sent",
    client_gone: "Done, client had left",
    replayed: "Replayed",
    dry_run: "Dry run",
  },
  kind: { intent: "Before a change", outcome: "After a change", call: "Read or refusal" },
} as const;

const fields = [
  { name: "tool", label: "Tool" },
  { name: "effect", label: "Effect" },
  { name: "outcome", label: "Outcome" },
  { name: "kind", label: "Record" },
  { name: "user", label: "User id" },
  { name: "organisation", label: "Organisation id" },
  { name: "actor", label: "Key or connection id" },
  { name: "event", label: "Event id" },
  { name: "from", label: "From" },
  { name: "to", label: "To" },
] as const;

export interface AuditFilterBarProps {
  readonly filters: AuditFilters;
  readonly onChange: (filters: AuditFilters) => void;
}

/** What records are narrowed by. */
export function AuditFilterBar({ filters, onChange }: AuditFilterBarProps): JSX.Element {
  const isAny = Object.values(filters).every((value) => value === "");
  return (
    <search class="filters">
      {fields.map(({ name, label }) => {
        const set = (value: string): void => onChange({ ...filters, [name]: value });
        const id = `filter-${name}`;
        return (
          <div key={name}>
            <label for={id}>{label}</label>
            {name === "effect" || name === "outcome" || name === "kind" ? (
              <select id={id} value={filters[name]} onChange={(event) => set(event.currentTarget.value)}>
                <option value="">Any</option>
                {Object.entries(choices[name]).map(([value, words]) => (
                  <option key={value} value={value}>
                    {words}
                  </option>
                ))}
              </select>
            ) : name === "from" || name === "to" ? (
              <input id={id} type="date" value={filters[name]} onInput={(event) => set(event.currentTarget.value)} />
            ) : (
              <input
                id={id}
                value={filters[name]}
                autocomplete="off"
                spellcheck={false}
                onInput={(event) => set(event.currentTarget.value.trim())}
              />
            )}
          </div>
        );
      })}
      <button type="button" class="plain" disabled={isAny} onClick={() => onChange(noFilters)}>
        Clear filters
      </button>
    </search>
  );
}
