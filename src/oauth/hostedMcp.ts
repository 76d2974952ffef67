import type { Revocations } from "../auth/revocations.ts";
import type { OAuthStore } from "../storage/oauthPort.ts";
import type { SettingStore, StoredSetting } from "../storage/settings.ts";

/**
 * Whether programs may connect by OAuth at all. Off: nothing of OAuth is served, new connections cannot be made, and those there are
 * are refused; they are kept, and good again once it is on. Keys are not concerned.
 */
export interface HostedMcp {
  /** What was read last; on, before anything was. For answers that cannot wait; reads it for the next one. */
  readonly wasOn: () => boolean;
  /** Reads it when that was not done within half a second. While the store is away: what was read last. Throws `store_unavailable` where nothing was. */
  readonly isOn: () => Promise<boolean>;
  readonly setting: () => Promise<HostedMcpSetting>;
  /** Resolves when it is stored and every replica told; off ends the streams of Connections, and what they read. */
  readonly turn: (isOn: boolean, changedBy: string) => Promise<HostedMcpSetting>;
  readonly close: () => void;
}

export interface HostedMcpSetting {
  readonly isOn: boolean;
  /** Null: nobody has decided, it is on. */
  readonly changedBy: string | null;
  readonly changedAt: string | null;
}

export interface HostedMcpOptions {
  readonly store: { readonly settings: SettingStore; readonly oauth: Pick<OAuthStore, "connections"> };
  readonly revocations: Pick<Revocations, "publish" | "listen">;
  /** Takes each decision once it is stored. */
  readonly onChange?: (change: { readonly isOn: boolean; readonly changedBy: string; readonly at: string }) => void;
  /** Milliseconds since the epoch; for tests. Default `Date.now`. */
  readonly now?: () => number;
}

const settingName = "hosted mcp";
/** A replica that the message did not reach knows after so long. */
const freshMs = 500;
const perRead = 500;

/** {@link HostedMcp} in the store that all replicas share. Nothing is read now. */
export function createHostedMcp({ store, revocations, onChange, now = Date.now }: HostedMcpOptions): HostedMcp {
  let known: boolean | undefined;
  let readAt = Number.NEGATIVE_INFINITY;
  let reading: Promise<boolean> | undefined;
  /** Counts decisions: what was read before one is not kept after it. */
  let decided = 0;
  const unlisten = revocations.listen((id) => {
    if (id !== settingName) return;
    decided += 1;
    reading = undefined;
    readAt = Number.NEGATIVE_INFINITY;
    refresh();
  });
  const read = async (): Promise<boolean> => {
    const [at, before] = [now(), decided];
    try {
      const { isOn } = settingOf(await store.settings.get(settingName));
      if (decided === before) [known, readAt] = [isOn, at];
      return isOn;
    } catch (thrown) {
      if (known === undefined) throw thrown;
      return known;
    }
  };
  const setting = async (): Promise<HostedMcpSetting> => settingOf(await store.settings.get(settingName));
  const isOn = async (): Promise<boolean> => {
    if (known !== undefined && readAt + freshMs > now()) return known;
    const mine = reading ?? read();
    reading = mine;
    return mine.finally(() => {
      if (reading === mine) reading = undefined;
    });
  };
  const refresh = (): void => void isOn().catch(() => undefined); // whoever has to know asks
  return {
    wasOn: () => {
      refresh();
      return known ?? true;
    },
    isOn,
    setting,
    turn: async (isOn, changedBy) => {
      await store.settings.put(settingName, isOn ? "on" : "off", changedBy);
      known = isOn;
      await revocations.publish(settingName);
      if (!isOn) for await (const id of connectionIds(store.oauth)) await revocations.publish(id);
      onChange?.({ isOn, changedBy, at: new Date(now()).toISOString() });
      return setting();
    },
    close: unlisten,
  };
}

function settingOf(stored: StoredSetting | null): HostedMcpSetting {
  if (stored === null) return { isOn: true, changedBy: null, changedAt: null };
  return { isOn: stored.value !== "off", changedBy: stored.changedBy, changedAt: stored.changedAt };
}

async function* connectionIds(store: Pick<OAuthStore, "connections">): AsyncGenerator<string> {
  for (let after: string | undefined, isMore = true; isMore; isMore = after !== undefined) {
    // The store goes by its own clock.
    const { rows, next } = await store.connections(
      { now: "" },
      { limit: perRead, ...(after !== undefined && { after }) },
    );
    for (const { key } of rows) yield key.id;
    after = next;
  }
}
