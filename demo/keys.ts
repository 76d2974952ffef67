/** Who may call: keys, the people they act for, and what a role includes. */
import { createHash, randomBytes } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";
import type { Row } from "./model/fields.ts";
import { nounNamed } from "./model/index.ts";
import { type Answer, ApiFailure, type Caller, type Context, type KeyScope } from "./route.ts";
import { add, change, found, record, shown } from "./rows.ts";
import type { Store } from "./store.ts";

const organisations = ["org_acme", "org_globex"];
const keyScopes: readonly KeyScope[] = ["read", "write", "delete"];

/** What each role includes: the scopes its keys may use, and named permissions. */
const roles: Readonly<
  Record<string, { readonly scopes: readonly KeyScope[]; readonly permissions: readonly string[] }>
> = {
  admin: {
    scopes: keyScopes,
    permissions: [
      "page.read",
      "page.manage",
      "incident.read",
      "incident.manage",
      "maintenance.read",
      "maintenance.manage",
      "analytics.read",
      "monitor.read",
      "monitor.manage",
      "key.manage",
    ],
  },
  responder: {
    scopes: ["read", "write"],
    permissions: [
      "page.read",
      "incident.read",
      "incident.manage",
      "maintenance.read",
      "maintenance.manage",
      "analytics.read",
      "monitor.read",
      "monitor.manage",
    ],
  },
  viewer: {
    scopes: ["read"],
    permissions: ["page.read", "incident.read", "maintenance.read", "analytics.read", "monitor.read"],
  },
};

/** The key a request carries: `x-api-key`, else `Authorization: Bearer`. */
export function keyOf(headers: IncomingHttpHeaders): string | undefined {
  const own = headers["x-api-key"];
  if (typeof own === "string") return own.trim();
  return /^bearer\s+(\S+)\s*$/i.exec(headers.authorization ?? "")?.[1];
}

/**
 * Who signed in at the demo's identity provider, within the organisation that a request names (`x-organisation-id`), else in the first
 * of theirs. Throws 401 for somebody Beacon does not know, 403 for an organisation they are not in.
 */
export function personOf(store: Store, userId: string, named: string | undefined): Caller {
  const memberships = organisations.filter((one) => store.get(one, "User", userId) !== undefined);
  const [first] = memberships;
  if (first === undefined) throw new ApiFailure(401, "unauthenticated", "Beacon does not know you");
  if (named !== undefined && !memberships.includes(named))
    throw new ApiFailure(403, "forbidden", "you are not in that organisation");
  const organisationId = named ?? first;
  const user = store.get(organisationId, "User", userId) ?? {};
  const role = roles[String(user.role)];
  return {
    organisationId,
    keyId: "signed_in",
    keyName: "Signed in",
    scopes: role?.scopes ?? [],
    user,
    permissions: role?.permissions ?? [],
    isPerson: true,
    ...(named === undefined && { memberships }),
  };
}

/** Who a key stands for. Throws 401 for no key, and one text for every key that does not work. */
export function callerOf(store: Store, key: string | undefined, now: string): Caller {
  if (key === undefined || key === "") {
    throw new ApiFailure(
      401,
      "unauthenticated",
      "send an API key in the header x-api-key, or as Authorization: Bearer",
    );
  }
  const known = store.meta(`key ${hashed(key)}`);
  const [organisationId = "", keyId = ""] = known?.split(" ") ?? [];
  const row = store.get(organisationId, "ApiKey", keyId);
  const user = row === undefined ? undefined : store.get(organisationId, "User", String(row.userId));
  const isOver = typeof row?.expiresAt === "string" && row.expiresAt <= now;
  if (row === undefined || user === undefined || isOver) {
    throw new ApiFailure(401, "unauthenticated", "this API key is unknown, expired or revoked");
  }
  const role = roles[String(user.role)];
  const scopes = keyScopes.filter((scope) => scopesOf(row).includes(scope) && role?.scopes.includes(scope));
  return { organisationId, keyId, keyName: String(row.name), scopes, user, permissions: role?.permissions ?? [] };
}

function scopesOf(row: Row): readonly unknown[] {
  return Array.isArray(row.scopes) ? row.scopes : [];
}

/** Makes a key valid: only its hash is kept. */
export function enrolKey(store: Store, key: string, organisationId: string, keyId: string): void {
  store.setMeta(`key ${hashed(key)}`, `${organisationId} ${keyId}`);
}

/** `POST /api-keys`: a key for the caller, with no more scopes than the caller's own; its value is answered this once. */
export function createApiKey(context: Context): Answer {
  const asked = scopesOf(context.body);
  const beyond = asked.filter((scope) => !context.caller.scopes.some((own) => own === scope));
  if (beyond.length > 0) throw new ApiFailure(403, "forbidden", `your key lacks the scope ${beyond.join(", ")} itself`);
  const key = `bk_${randomBytes(24).toString("base64url")}`;
  const row = add(context, nounNamed("ApiKey"), {
    ...context.body,
    scopes: asked.length > 0 ? (context.body.scopes ?? []) : ["read"],
    userId: context.caller.user.id ?? null,
    start: key.slice(0, 8),
  });
  enrolKey(context.store, key, context.caller.organisationId, String(row.id));
  record(context, nounNamed("ApiKey"), row, "create");
  return { status: 201, body: { ...shown(context.store, nounNamed("ApiKey"), row), key } };
}

/** `DELETE /api-keys/{apiKeyId}` as the model yields it, but that somebody who signed in may delete keys of their own alone. */
export function deleteApiKey(context: Context, remove: (context: Context) => Answer): Answer {
  const { isPerson, scopes, user } = context.caller;
  const row = found(context, nounNamed("ApiKey"), context.path.apiKeyId);
  if (isPerson === true && !scopes.includes("delete") && row.userId !== user.id)
    throw new ApiFailure(403, "forbidden", "this key belongs to somebody else");
  return remove(context);
}

/** `POST /api-keys/{apiKeyId}/rotate`: a new value for the key; the old one stops working at once. */
export function rotateApiKey(context: Context): Answer {
  const noun = nounNamed("ApiKey");
  const old = found(context, noun, context.path.apiKeyId);
  const key = `bk_${randomBytes(24).toString("base64url")}`;
  context.store.remove(context.caller.organisationId, noun.name, String(old.id));
  const { id: _old, createdAt: _then, updatedAt: _last, rev: _rev, ...kept } = old;
  const row = change(context, noun, add(context, noun, { ...kept }), { start: key.slice(0, 8) });
  enrolKey(context.store, key, context.caller.organisationId, String(row.id));
  record(context, noun, row, "rotate");
  return { status: 200, body: { ...shown(context.store, noun, row), key } };
}

/** Throws 403 unless the caller has the scope and the permission. */
export function requireRights(caller: Caller, scope: KeyScope, permission: string | undefined): void {
  if (!caller.scopes.includes(scope)) {
    throw new ApiFailure(
      403,
      "forbidden",
      `this needs a key with the scope ${scope}; yours (with your role) has ${caller.scopes.join(", ") || "none"}`,
    );
  }
  if (permission !== undefined && !caller.permissions.includes(permission)) {
    throw new ApiFailure(403, "forbidden", `this needs the permission ${permission}, which your role does not include`);
  }
}

function hashed(key: string): string {
  return createHash("sha256").update(key).digest("hex");
}
