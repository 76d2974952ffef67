import type { Migration } from "./migration.ts";

/** What administrators decide while the gateway runs. */
export const settings: Migration = {
  version: 4,
  name: "settings",
  isCompatible: true,
  up: async ({ schema }, { text }) => {
    await schema
      .createTable("specgate_settings")
      .addColumn("name", text, (column) => column.primaryKey())
      .addColumn("value", text, (column) => column.notNull())
      .addColumn("changed_by", text)
      .addColumn("changed_at", text, (column) => column.notNull())
      .execute();
  },
};
