import { keysAndAudit } from "./0001_keysAndAudit.ts";
import { auditOutbox } from "./0002_auditOutbox.ts";
import { oauth } from "./0003_oauth.ts";
import { settings } from "./0004_settings.ts";
import { auditKeys } from "./0005_auditKeys.ts";
import type { Migration } from "./migration.ts";

/** Every migration, in the order of their versions. */
export const migrations: readonly Migration[] = [keysAndAudit, auditOutbox, oauth, settings, auditKeys];
