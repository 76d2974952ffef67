import type { Migration } from "./migration.ts";

/** What the authorization server keeps, and Connections with their keys. */
export const oauth: Migration = {
  version: 3,
  name: "oauth",
  isCompatible: true,
  up: async ({ schema }, { text }) => {
    await schema.alterTable("specgate_keys").addColumn("kind", text).execute();

    await schema
      .createTable("specgate_oauth_artifacts")
      .addColumn("model", text, (column) => column.notNull())
      .addColumn("id_hash", text, (column) => column.notNull())
      .addColumn("payload", text, (column) => column.notNull())
      .addColumn("grant_hash", text)
      .addColumn("connection_id", text)
      .addColumn("consumed_at", text)
      .addColumn("expires_at", text, (column) => column.notNull())
      .addPrimaryKeyConstraint("specgate_oauth_artifacts_pkey", ["model", "id_hash"])
      .execute();
    for (const column of ["grant_hash", "connection_id", "expires_at"])
      await schema
        .createIndex(`specgate_oauth_artifacts_${column}`)
        .on("specgate_oauth_artifacts")
        .column(column)
        .execute();

    await schema
      .createTable("specgate_connections")
      .addColumn("id", text, (column) => column.primaryKey())
      .addColumn("grant_hash", text, (column) => column.notNull())
      .addColumn("client_id", text, (column) => column.notNull())
      .addColumn("client_name", text, (column) => column.notNull())
      .addColumn("client_host", text)
      .addColumn("redirect_host", text, (column) => column.notNull())
      .addColumn("resource", text, (column) => column.notNull())
      .addColumn("pages", text, (column) => column.notNull())
      .addColumn("upstream_key_ref", text)
      .execute();
    await schema.createIndex("specgate_connections_client").on("specgate_connections").column("client_id").execute();

    await schema
      .createTable("specgate_signing_keys")
      .addColumn("generation", "integer", (column) => column.primaryKey())
      .addColumn("key_id", text, (column) => column.notNull())
      .addColumn("sealed", text, (column) => column.notNull())
      .addColumn("active_at", text, (column) => column.notNull())
      .execute();
  },
};
