import type { JSX } from "preact";
import type { Calls as CallCounts, KeyView } from "../../src/auth/keyView.ts";

/** How often it was used of late. */
export function Calls({ calls }: { readonly calls: KeyView["calls"] }): JSX.Element {
  const { last24Hours, last30Days } = calls;
  return (
    <span title={`30 days: ${last30Days.read} reading, ${last30Days.write} writing, ${last30Days.destroy} deleting`}>
      {shown(last24Hours)} <span class="soft">/ {shown(last30Days)}</span>
    </span>
  );
}

function shown({ read, write, destroy }: CallCounts): string {
  return (read + write + destroy).toLocaleString("en");
}
