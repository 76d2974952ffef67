import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from "node:http";
import type { Keys } from "../../auth/keys.ts";
import type { Revocations } from "../../auth/revocations.ts";
import type { ErrorCode, GatewayError } from "../../errors.ts";
import type { Principal, Surface } from "../../mcp/context.ts";
import type { Polls } from "../../mcp/polls.ts";
import type { SessionIds } from "../../session/id.ts";
import type { Sessions } from "../../session/port.ts";
import type { Logger } from "../../telemetry/log.ts";
import type { ObserveOperation } from "../../telemetry/metrics.ts";
import type { AddressLimit } from "../addressLimit.ts";
import type { AuthenticateAt } from "../authenticateAt.ts";
import type { Shedding } from "../shedding.ts";
import type { BodyLimits } from "./body.ts";
import type { ChangeHub } from "./changeHub.ts";
import type { OpenStreams } from "./openStreams.ts";
import type { StreamLimits } from "./streamLimits.ts";
import type { Place, Work } from "./work.ts";

/** What all requests of a listener share. Holds nothing of any client but counts. */
export interface Parts {
  readonly authenticate: AuthenticateAt;
  readonly sessions: Sessions;
  readonly sessionIds: SessionIds;
  readonly stateKeys: Keys;
  readonly bodyLimits: BodyLimits;
  readonly streamLimits: StreamLimits;
  readonly changes: ChangeHub;
  /** Looks at resources for the streams of those who subscribed. */
  readonly polls: Polls;
  readonly work: Work;
  readonly openStreams: OpenStreams;
  /** The page for a browser that opens the path. */
  readonly page: ((surface: Surface, req: IncomingMessage) => string) | undefined;
  readonly log: Pick<Logger, "error"> | undefined;
  readonly now: () => number;
  /** Takes the measure of each request. */
  readonly observe: ObserveOperation | undefined;
  readonly addresses: AddressLimit | undefined;
  /** Tells which keys are no longer good: their streams end. */
  readonly revocations: Pick<Revocations, "watch"> | undefined;
  readonly shedding: Pick<Shedding, "assertTakes"> | undefined;
  /** Takes why a request was refused before a method ran. */
  readonly refused: ((code: ErrorCode) => void) | undefined;
}

/** One HTTP request that passed Host, Origin and credential. */
export interface Exchange {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly surface: Surface;
  readonly principal: Principal;
  /** Where it came from; undefined where a proxy of ours hides it, see `blamedFor`. */
  readonly network: string | undefined;
  /** Headers that every response of the path carries. */
  readonly headers: OutgoingHttpHeaders;
  readonly requestId: string;
  /** Among the requests being served. */
  readonly place: Place;
  readonly parts: Parts;
}

/** Writes a fault of ours to the log; what callers did wrong is not logged here. */
export function logFault({ parts, requestId }: Pick<Exchange, "parts" | "requestId">, error: GatewayError): void {
  if (error.code === "internal") parts.log?.error({ err: error.facts.cause, requestId }, "a request failed");
}

/** The single value of a request header; undefined when absent. */
export function header(req: IncomingMessage, name: string): string | undefined {
  const value = req.headers[name];
  return Array.isArray(value) ? value[0] : value;
}

/** Whether `Accept` names the media type itself. `*` patterns do not count: they name nothing. */
export function accepts(req: IncomingMessage, mediaType: string): boolean {
  return req.headers.accept?.toLowerCase().includes(mediaType) === true;
}
