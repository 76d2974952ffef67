import type { Migration } from "./migration.ts";

/** Which audit rows a webhook has yet to be sent. */
export const auditOutbox: Migration = {
  version: 2,
  name: "audit outbox",
  isCompatible: true,
  up: async ({ schema }, { text }) => {
    await schema
      .createTable("specgate_audit_outbox")
      .addColumn("writer", text, (column) => column.notNull())
      .addColumn("seq", "bigint", (column) => column.notNull())
      .addColumn("at", text, (column) => column.notNull())
      .addPrimaryKeyConstraint("specgate_audit_outbox_pkey", ["writer", "seq"])
      .execute();
    await schema
      .createIndex("specgate_audit_outbox_at")
      .on("specgate_audit_outbox")
      .columns(["at", "writer", "seq"])
      .execute();
  },
};
