import type { Migration } from "./migration.ts";

/**
 * Which event an idempotency key belongs to: taken together with its intent, by one of those who try at once. A program that
 * does not know it goes by what stands in Redis alone, so two versions beside each other keep each other from nothing else.
 */
export const auditKeys: Migration = {
  version: 5,
  name: "audit keys",
  isCompatible: true,
  up: async ({ schema }, { text }) => {
    await schema
      .createTable("specgate_audit_keys")
      .addColumn("idempotency_key", text, (column) => column.primaryKey())
      .addColumn("event_id", text, (column) => column.notNull())
      .addColumn("at", text, (column) => column.notNull())
      .execute();
    await schema.createIndex("specgate_audit_keys_at").on("specgate_audit_keys").column("at").execute();
  },
};
