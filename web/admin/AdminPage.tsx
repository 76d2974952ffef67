import type { JSX } from "preact";
import { Tabs } from "../parts/Tabs.tsx";
import { AllConnections } from "./AllConnections.tsx";
import { AllKeys } from "./AllKeys.tsx";
import { AuditLog } from "./AuditLog.tsx";
import { HostedMcp } from "./HostedMcp.tsx";

/** `/admin`: everybody's keys and connections, the switch for OAuth, and the audit log. */
export function AdminPage(): JSX.Element {
  return (
    <>
      <h1>Administration</h1>
      <Tabs
        label="Administration"
        tabs={[
          { id: "connections", title: "Connections", content: () => <AllConnections /> },
          { id: "keys", title: "API keys", content: () => <AllKeys /> },
          { id: "hosted-mcp", title: "Hosted MCP", content: () => <HostedMcp /> },
          { id: "audit", title: "Audit log", content: () => <AuditLog /> },
        ]}
      />
    </>
  );
}
