import type { RedisClient } from "./connection.ts";
import { reasonOf } from "./unavailable.ts";

/** Pub/sub over the one subscriber connection of the process. At most once: whoever waits for a message also looks. */
export interface Channels {
  /** Hears the messages of a channel until the returned function is called. */
  readonly listen: (channel: string, listener: (message: string) => void) => () => void;
  /** Resolves when Redis delivers the channel to us, at the latest after 500 ms. What is read then misses no wake-up. */
  readonly listening: (channel: string) => Promise<void>;
  /** Ends the timer. The connection is its owner's to close. */
  readonly close: () => void;
}

interface Channel {
  readonly listeners: Set<(message: string) => void>;
  /** Redis delivers it on the present connection. */
  open: boolean;
  /** The subscription under way, done whether it worked or not. */
  opening?: Promise<void>;
}

/**
 * How often subscriptions are set right: those that failed are tried again and those that nobody listens to are given up.
 * A second, so that a session's requests in a row share one subscription.
 */
const sweepMs = 1_000;
/** Sweeps between two pings, which show a connection that is dead without knowing it. */
const pingEvery = 5;
const openingMs = 500;
/** Channels in one command. */
const batch = 500;

export function createChannels(subscriber: RedisClient): Channels {
  const channels = new Map<string, Channel>();
  let sweeps = 0;

  const open = (names: readonly string[]): void => {
    const opening = subscriber.subscribe(...names).then(
      () => settle(true),
      () => settle(false),
    );
    const settle = (isOpen: boolean): void => {
      for (const name of names) {
        const channel = channels.get(name);
        if (channel?.opening !== opening) continue;
        channel.open = isOpen;
        delete channel.opening;
      }
    };
    for (const name of names) {
      const channel = channels.get(name);
      if (channel !== undefined) channel.opening = opening;
    }
  };
  const openMissing = (): void => {
    if (subscriber.status !== "ready") return;
    const missing = [...channels].filter(([, { open, opening }]) => !open && opening === undefined);
    for (let at = 0; at < missing.length; at += batch) open(missing.slice(at, at + batch).map(([name]) => name));
  };
  const giveUpUnused = (): void => {
    const unused = [...channels].filter(([, { listeners }]) => listeners.size === 0).map(([name]) => name);
    for (const name of unused) channels.delete(name);
    for (let at = 0; at < unused.length; at += batch) ignore(subscriber.unsubscribe(...unused.slice(at, at + batch)));
  };
  const sweep = (): void => {
    giveUpUnused();
    openMissing();
    sweeps += 1;
    if (sweeps % pingEvery === 0 && !subscriber.isCluster) ignore(subscriber.ping());
  };
  const onClose = (): void => {
    for (const channel of channels.values()) {
      channel.open = false;
      delete channel.opening;
    }
  };
  const onMessage = (name: string, message: string): void => {
    for (const listener of [...(channels.get(name)?.listeners ?? [])]) listener(message);
  };
  const timer = setInterval(sweep, sweepMs);
  timer.unref();
  subscriber.on("ready", openMissing).on("close", onClose).on("message", onMessage);

  return {
    listen: (name, listener) => {
      const channel: Channel = channels.get(name) ?? { listeners: new Set(), open: false };
      channels.set(name, channel);
      channel.listeners.add(listener);
      if (!channel.open && channel.opening === undefined && subscriber.status === "ready") open([name]);
      return () => channel.listeners.delete(listener);
    },
    listening: async (name) => {
      const opening = channels.get(name)?.opening;
      if (opening !== undefined) await within(opening, openingMs);
    },
    close: () => {
      clearInterval(timer);
      subscriber.off("ready", openMissing).off("close", onClose).off("message", onMessage);
      channels.clear();
    },
  };
}

/** A command whose failure shows elsewhere: the connection closes, and the next sweep sets things right. */
function ignore(command: Promise<unknown>): void {
  command.catch(reasonOf);
}

function within(work: Promise<void>, ms: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, ms);
  void work.then(() => {
    clearTimeout(timer);
    resolve();
  });
  return promise;
}
