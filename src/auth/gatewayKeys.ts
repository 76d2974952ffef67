import { GatewayError } from "../errors.ts";
import type { GatewayKeyRow, KeyStore, Named, PageRequest } from "../storage/port.ts";
import type { Secret } from "../telemetry/secret.ts";
import { mintGatewayKey } from "./gatewayKey.ts";
import type { KeyRing } from "./gatewayKeyAuth.ts";
import { hashSecret } from "./keyHash.ts";
import { checkedKey, type KeyFacts, type WantedKey } from "./keyRules.ts";
import { type KeyView, keyStatus, keyView, noCalls } from "./keyView.ts";
import type { Revocations } from "./revocations.ts";
import { adminScope } from "./scopes.ts";
import { open, seal } from "./seal.ts";

/** Who manages keys. `organisation`: only that one's, and no keys that manage keys. */
export interface KeyActor {
  /** `admin` (the token of the environment), `cli`, or the id of a key or user. */
  readonly id: string;
  /** What the id is of. Default `operator`. */
  readonly kind?: "operator" | "key" | "user";
  readonly organisation?: string;
}

/** What was done to a key, for the audit log. */
export interface KeyChange {
  readonly type: "created" | "rotated" | "revoked";
  readonly keyId: string;
  readonly name: string;
  /** The Connection of the same id ended with it. */
  readonly kind?: "connection";
  /** The key that takes its place. */
  readonly successorId?: string;
  readonly actor: KeyActor;
  readonly user: Named | null;
  readonly organisation: Named | null;
  readonly scopes: readonly string[];
  readonly at: string;
}

/** A fresh key. `key` exists in this value alone. */
export interface IssuedKey {
  readonly key: Secret;
  readonly view: KeyView;
}

export interface KeyQuery extends PageRequest {
  readonly user?: string;
  readonly organisation?: string;
  /** Text that stands in the key's id or name, or in the id or name of its user or organisation. */
  readonly search?: string;
  /** Default false: neither revoked nor expired ones. */
  readonly includeEnded?: boolean;
}

export interface RotateOptions {
  /** Both keys are good for so long. Default 86,400, at most 2,592,000; 0 ends the old one at once. */
  readonly overlapSeconds?: number;
}

/**
 * Makes and ends gateway keys. Nothing of a key but its end ever changes: other scopes or another owner are another key.
 * A key that is not there, or is another organisation's than the actor's, is `unknown_resource`, in the same words.
 */
export interface GatewayKeys {
  /** Throws `invalid_arguments` for what no key may be, `not_permitted` for what this actor may not give. */
  readonly create: (wanted: WantedKey, actor: KeyActor) => Promise<IssuedKey>;
  readonly list: (
    query: KeyQuery,
    actor: KeyActor,
  ) => Promise<{ readonly items: readonly KeyView[]; readonly next?: string }>;
  readonly get: (id: string, actor: KeyActor) => Promise<KeyView>;
  /** Throws `invalid_arguments` (409) for a key that is over, or was rotated before. */
  readonly rotate: (id: string, options: RotateOptions, actor: KeyActor) => Promise<IssuedKey>;
  /** Resolves when it is stored and told; revoking again changes nothing. */
  readonly revoke: (id: string, actor: KeyActor) => Promise<KeyView>;
}

export interface GatewayKeysOptions {
  readonly prefix: string;
  readonly ring: KeyRing;
  readonly store: KeyStore;
  readonly revocations: Pick<Revocations, "publish">;
  /** Scopes that something asks for; absent: any of a scope's form is taken. */
  readonly knownScopes?: ReadonlySet<string>;
  /** Takes each change once it is stored. */
  readonly onChange?: (change: KeyChange) => void;
  /** Milliseconds since the epoch; for tests. Default `Date.now`. */
  readonly now?: () => number;
}

const dayMs = 86_400_000;
const longestOverlapSeconds = 30 * 86_400;

/** {@link GatewayKeys} over the store. */
export function createGatewayKeys(options: GatewayKeysOptions): GatewayKeys {
  const { prefix, ring, store, revocations, knownScopes, onChange, now = Date.now } = options;
  const iso = (ms: number): string => new Date(ms).toISOString();
  const found = async (id: string, actor: KeyActor): Promise<GatewayKeyRow> => {
    const row = await store.byId(id);
    if (row === null || (actor.organisation !== undefined && row.organisation?.id !== actor.organisation))
      throw new GatewayError("unknown_resource", `there is no key ${JSON.stringify(id.slice(0, 64))}`, {
        next: "List the keys to see their ids.",
      });
    return row;
  };
  const viewsOf = async (rows: readonly GatewayKeyRow[]): Promise<readonly KeyView[]> => {
    const ids = rows.map(({ id }) => id);
    const [day, month] = await Promise.all([1, 30].map((days) => store.usage(ids, iso(now() - days * dayMs))));
    return rows.map((row) => ({
      ...keyView(row, prefix, now()),
      calls: { last24Hours: day?.get(row.id) ?? noCalls, last30Days: month?.get(row.id) ?? noCalls },
    }));
  };
  const viewed = async (row: GatewayKeyRow): Promise<KeyView> => (await viewsOf([row]))[0] as KeyView; // one in, one out
  const tell = (type: KeyChange["type"], row: GatewayKeyRow, actor: KeyActor, successorId?: string): void =>
    onChange?.({
      type,
      keyId: row.id,
      name: row.name,
      ...(row.kind && { kind: row.kind }),
      ...(successorId !== undefined && { successorId }),
      actor,
      user: row.owner,
      organisation: row.organisation,
      scopes: row.scopes,
      at: iso(now()),
    });
  const fresh = (facts: KeyFacts, credential: Secret | undefined, actor: KeyActor): Fresh => {
    const { text, key } = mintGatewayKey(prefix);
    return {
      text,
      row: {
        ...facts,
        id: key.id,
        ...hashSecret(ring.peppers, key.id, key.secret.reveal()),
        upstreamCredential: credential === undefined ? null : seal(ring.seals, credential, key.id),
        createdBy: actor.id,
        createdAt: iso(now()),
        revokedAt: null,
        rotatedTo: null,
        lastUsedAt: null,
      },
    };
  };
  return {
    create: async (wanted, actor) => {
      const facts = checkedKey(wanted, { nowMs: now(), ...(knownScopes && { knownScopes }) });
      assertMayGive(facts, actor);
      const { row, text } = fresh(facts, wanted.upstreamCredential, actor);
      await store.insert(row);
      tell("created", row, actor);
      return { key: text, view: keyView(row, prefix, now()) };
    },
    list: async ({ user, organisation, search, includeEnded, after, limit }, actor) => {
      if (actor.organisation !== undefined && (organisation ?? actor.organisation) !== actor.organisation)
        return { items: [] };
      const scope = actor.organisation ?? organisation;
      const { rows, next } = await store.list(
        {
          now: iso(now()),
          ...(user !== undefined && { owner: user }),
          ...(scope !== undefined && { organisation: scope }),
          ...(search !== undefined && { search }),
          ...(includeEnded !== undefined && { includeEnded }),
        },
        { ...(after !== undefined && { after }), ...(limit !== undefined && { limit }) },
      );
      return { items: await viewsOf(rows), ...(next !== undefined && { next }) };
    },
    get: async (id, actor) => viewed(await found(id, actor)),
    rotate: async (id, { overlapSeconds = 86_400 }, actor) => {
      if (!Number.isInteger(overlapSeconds) || overlapSeconds < 0 || overlapSeconds > longestOverlapSeconds)
        throw invalid(`the overlap must be whole seconds from 0 to ${longestOverlapSeconds} (30 days)`);
      const old = await found(id, actor);
      assertMayGive(old, actor);
      if (old.kind === "connection") throw ofConnection();
      assertLive(old, now());
      const { row, text } = fresh({ ...old, expiresAt: prolonged(old, now()) }, openedCredential(old, ring), actor);
      const endsAt = now() + overlapSeconds * 1_000;
      if (!(await store.rotate(id, row, iso(endsAt)))) throw over("was ended or rotated at this moment");
      if (overlapSeconds === 0) await revocations.publish(id);
      tell("rotated", old, actor, row.id);
      return { key: text, view: keyView(row, prefix, now()) };
    },
    revoke: async (id, actor) => {
      const row = await found(id, actor);
      const at = iso(now());
      const isFirst = await store.revoke(id, at);
      // Told again too: whoever revokes twice may do so because the first message was lost.
      await revocations.publish(id);
      if (isFirst) tell("revoked", row, actor);
      return viewed(isFirst ? { ...row, revokedAt: at } : await found(id, actor));
    },
  };
}

interface Fresh {
  readonly text: Secret;
  readonly row: GatewayKeyRow;
}

/** A key that manages keys can neither make its like nor reach beyond its organisation. */
function assertMayGive({ organisation, scopes }: Pick<KeyFacts, "organisation" | "scopes">, actor: KeyActor): void {
  if (actor.organisation === undefined) return;
  if (organisation?.id !== actor.organisation)
    throw new GatewayError("not_permitted", "this key manages the keys of its own organisation alone", {
      next: `Give organisation the id ${JSON.stringify(actor.organisation)}.`,
    });
  if (scopes.includes(adminScope))
    throw new GatewayError("not_permitted", `a key with the scope ${adminScope} is made with the admin token alone`);
}

function assertLive(row: GatewayKeyRow, nowMs: number): void {
  const status = keyStatus(row, nowMs);
  if (status === "revoked" || status === "expired") throw over(`is ${status}`);
  if (status === "rotated") throw over(`was rotated before, to ${row.rotatedTo}`);
}

function ofConnection(): GatewayError {
  return new GatewayError("invalid_arguments", "the key belongs to an OAuth connection and has no secret to replace", {
    next: "Revoke it to disconnect the client; the client connects anew by itself.",
    status: 409,
  });
}

function over(what: string): GatewayError {
  return new GatewayError("invalid_arguments", `the key ${what}`, {
    next: "Rotate the key that took its place, or make a new one.",
    status: 409,
  });
}

function invalid(message: string): GatewayError {
  return new GatewayError("invalid_arguments", message);
}

/** A key that was made for 90 days is followed by one for 90 days. */
function prolonged({ createdAt, expiresAt }: GatewayKeyRow, nowMs: number): string | null {
  if (expiresAt === null) return null;
  return new Date(nowMs + Date.parse(expiresAt) - Date.parse(createdAt)).toISOString();
}

function openedCredential({ id, upstreamCredential }: GatewayKeyRow, { seals }: KeyRing): Secret | undefined {
  if (upstreamCredential === null) return undefined;
  const opened = open(seals, upstreamCredential, id);
  if (opened !== null) return opened.secret;
  throw new GatewayError("invalid_arguments", "the key's upstream credential cannot be decrypted", {
    next: "Put the secret that it was encrypted with back into SPECGATE_SECRET, or make a new key.",
    status: 409,
  });
}
