import type { Migration } from "./migration.ts";

/** Gateway keys with their counts, and the audit log. */
export const keysAndAudit: Migration = {
  version: 1,
  name: "keys and audit",
  isCompatible: true,
  up: async (db, { text }) => {
    const { schema } = db;
    await schema
      .createTable("specgate_store")
      .addColumn("id", "integer", (column) => column.primaryKey())
      .addColumn("checked_at", text, (column) => column.notNull())
      .execute();
    await db.insertInto("specgate_store").values({ id: 1, checked_at: "" }).execute();

    await schema
      .createTable("specgate_keys")
      .addColumn("id", text, (column) => column.primaryKey())
      .addColumn("hash", text, (column) => column.notNull())
      .addColumn("pepper_id", text, (column) => column.notNull())
      .addColumn("name", text, (column) => column.notNull())
      .addColumn("owner_id", text)
      .addColumn("owner_name", text)
      .addColumn("organisation_id", text)
      .addColumn("organisation_name", text)
      .addColumn("scopes", text, (column) => column.notNull())
      .addColumn("bound_arguments", text)
      .addColumn("upstream_credential", text)
      .addColumn("created_by", text)
      .addColumn("created_at", text, (column) => column.notNull())
      .addColumn("expires_at", text)
      .addColumn("revoked_at", text)
      .addColumn("rotated_to", text)
      .addColumn("last_used_at", text)
      .execute();
    for (const lead of [[], ["organisation_id"], ["owner_id"]])
      await schema
        .createIndex(["specgate_keys", ...lead, "created"].join("_"))
        .on("specgate_keys")
        .columns([...lead, "created_at", "id"])
        .execute();

    await schema
      .createTable("specgate_key_usage")
      .addColumn("key_id", text, (column) => column.notNull())
      .addColumn("hour", text, (column) => column.notNull())
      .addColumn("effect", text, (column) => column.notNull())
      .addColumn("calls", "bigint", (column) => column.notNull())
      .addPrimaryKeyConstraint("specgate_key_usage_pkey", ["key_id", "hour", "effect"])
      .execute();
    await schema.createIndex("specgate_key_usage_hour").on("specgate_key_usage").column("hour").execute();

    await schema
      .createTable("specgate_audit")
      .addColumn("writer", text, (column) => column.notNull())
      .addColumn("seq", "bigint", (column) => column.notNull())
      .addColumn("event_id", text, (column) => column.notNull())
      .addColumn("kind", text, (column) => column.notNull())
      .addColumn("at", text, (column) => column.notNull())
      .addColumn("actor_id", text)
      .addColumn("actor_user_id", text)
      .addColumn("organisation", text)
      .addColumn("tool", text)
      .addColumn("effect", text)
      .addColumn("resource", text)
      .addColumn("resource_id", text)
      .addColumn("outcome", text)
      .addColumn("idempotency_key", text)
      .addColumn("payload", text, (column) => column.notNull())
      .addColumn("prev_hash", text, (column) => column.notNull())
      .addColumn("hash", text, (column) => column.notNull())
      .addPrimaryKeyConstraint("specgate_audit_pkey", ["writer", "seq"])
      .addUniqueConstraint("specgate_audit_event", ["event_id", "kind"])
      .execute();
    for (const lead of [
      [],
      ["actor_id"],
      ["actor_user_id"],
      ["organisation"],
      ["tool"],
      ["resource", "resource_id"],
      ["outcome"],
    ])
      await schema
        .createIndex(["specgate_audit", ...lead, "at"].join("_"))
        .on("specgate_audit")
        .columns([...lead, "at", "writer", "seq"])
        .execute();
    await schema
      .createIndex("specgate_audit_idempotency")
      .on("specgate_audit")
      .columns(["idempotency_key", "at"])
      .where("idempotency_key", "is not", null)
      .execute();

    // Intents without an outcome: found without a walk over all that ever happened.
    await schema
      .createTable("specgate_audit_open")
      .addColumn("event_id", text, (column) => column.primaryKey())
      .addColumn("at", text, (column) => column.notNull())
      .execute();
    await schema.createIndex("specgate_audit_open_at").on("specgate_audit_open").column("at").execute();

    await schema
      .createTable("specgate_audit_seals")
      .addColumn("writer", text, (column) => column.notNull())
      .addColumn("day", text, (column) => column.notNull())
      .addColumn("seq", "bigint", (column) => column.notNull())
      .addColumn("hash", text, (column) => column.notNull())
      .addPrimaryKeyConstraint("specgate_audit_seals_pkey", ["writer", "seq"])
      .execute();
  },
};
