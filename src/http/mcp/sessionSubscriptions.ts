import { changeNotification } from "../../mcp/changes.ts";
import type { SessionSignal } from "../../session/port.ts";
import type { Exchange } from "./exchange.ts";
import type { HeldStream } from "./heldStream.ts";
import { isAway, type LiveSession, liveSession } from "./sessionCheck.ts";

/** What a session subscribed to, for as long as its stream is open. */
export interface SessionSubscriptions {
  /** Takes every signal of the session. */
  readonly signal: (signal: SessionSignal) => void;
  /** Whether the message may go to the client: news of a resource that it did not subscribe to may not. */
  readonly wants: (message: string) => boolean;
}

/** A wake-up may be lost on its way between replicas: then a subscription begins this much later. */
const syncMs = 15_000;

/**
 * Looks at the resources that the session subscribed to and puts what changed on its stream. The replica that holds the stream
 * does so, since there is one for each session and its key is looked at again and again; a client that comes back is told
 * of what changed meanwhile, because the session remembers what it was told last.
 *
 * @param session as it was when the stream opened
 * @param stream the name of the session's own stream
 */
export function watchSubscriptions(
  exchange: Exchange,
  session: LiveSession,
  held: HeldStream,
  stream: string,
): SessionSubscriptions {
  const { req, surface, principal, network, parts } = exchange;
  const { sessions } = parts;
  const watched = new Map<string, () => void>();
  /** What has changed, and could not be put on the stream yet. */
  const owed = new Set<string>();
  const watch = (uri: string): (() => void) =>
    parts.polls.watch({
      path: surface.path,
      uri,
      principalId: principal.id,
      principal: () => parts.authenticate(surface, req.rawHeaders, network),
      seen: (digest) => {
        tell(uri, digest).catch((thrown: unknown) => {
          if (!isAway(thrown)) parts.log?.error({ err: thrown }, "a session was not told of a changed resource");
        });
      },
    });
  const tell = async (uri: string, digest: string): Promise<void> => {
    if (held.signal.aborted || !watched.has(uri)) return;
    const before = await sessions.told(session.id, uri, digest);
    if (before === null) return;
    if (before !== "" && before !== digest) owed.add(uri);
    if (!owed.has(uri)) return;
    const message = JSON.stringify({ jsonrpc: "2.0", ...changeNotification({ type: "resource_updated", uri }) });
    await sessions.append(session.id, stream, message);
    owed.delete(uri);
  };
  const watchAll = ({ subscriptions }: LiveSession["state"]): void => {
    const wanted = new Set(subscriptions);
    for (const [uri, stop] of watched)
      if (!wanted.has(uri)) {
        stop();
        watched.delete(uri);
      }
    for (const uri of wanted)
      if (!watched.has(uri)) {
        watched.set(uri, () => undefined); // before the first look, which may be answered from memory
        watched.set(uri, watch(uri));
      }
  };
  const sync = async (): Promise<void> => {
    const { state } = await liveSession(exchange);
    if (!held.signal.aborted) watchAll(state);
  };
  let syncing: Promise<void> = Promise.resolve();
  /** One after the other; what fails is made up for by the next. */
  const syncNow = (): void => {
    syncing = syncing.then(sync).catch(() => undefined);
  };
  const canSubscribe = surface.resources?.all.some(({ pollMs }) => pollMs !== undefined) === true;
  const timer = setInterval(syncNow, syncMs);
  timer.unref();
  if (!canSubscribe) clearInterval(timer);
  held.signal.addEventListener(
    "abort",
    () => {
      clearInterval(timer);
      for (const stop of watched.values()) stop();
      watched.clear();
    },
    { once: true },
  );
  const { resources } = surface;
  if (resources !== undefined && !held.signal.aborted) watchAll(session.state);
  return {
    signal: ({ type }) => {
      if (type === "subscriptions") syncNow();
    },
    wants: (message) => {
      const uri = resources === undefined ? undefined : updatedUri(message);
      return uri === undefined || watched.has(uri);
    },
  };
}

const updatedHead = '{"jsonrpc":"2.0","method":"notifications/resources/updated"';

/** The URI that a notification of a changed resource is about. */
function updatedUri(message: string): string | undefined {
  if (!message.startsWith(updatedHead)) return undefined;
  const { params } = JSON.parse(message) as { readonly params: { readonly uri: string } }; // written by changeNotification
  return params.uri;
}
