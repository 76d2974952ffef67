import type { LogLevel, Notification } from "../calls/call.ts";

/** RFC 5424 severities, least first. */
export const logLevels: readonly LogLevel[] = [
  "debug",
  "info",
  "notice",
  "warning",
  "error",
  "critical",
  "alert",
  "emergency",
];

export interface NotifyRules {
  /** `_meta.progressToken` of the request; without it no progress is sent. */
  readonly progressToken: string | number | undefined;
  /** Least severity to send; null sends no log at all. */
  readonly logLevel: LogLevel | null;
  /** Sends one serialised JSON-RPC message. */
  readonly send: (message: string) => void;
}

/**
 * `notify` of a context: sends what the client asked for and drops the rest. Progress that does not rise is dropped, since
 * its values must increase. https://modelcontextprotocol.io/specification/2025-11-25/basic/utilities/progress
 */
export function createNotify({ progressToken, logLevel, send }: NotifyRules): (notification: Notification) => void {
  let reached = Number.NEGATIVE_INFINITY;
  const post = (method: string, params: object): void => send(JSON.stringify({ jsonrpc: "2.0", method, params }));
  return (notification) => {
    const { type, ...rest } = notification;
    if (notification.type === "progress") {
      if (progressToken === undefined || !(notification.progress > reached)) return;
      reached = notification.progress;
      post("notifications/progress", { progressToken, ...rest });
    } else {
      if (logLevel === null || logLevels.indexOf(notification.level) < logLevels.indexOf(logLevel)) return;
      post("notifications/message", rest);
    }
  };
}

/** The progress token of a request's params, where it has a lawful one. */
export function progressTokenOf(params: Readonly<Record<string, unknown>>): string | number | undefined {
  const token = (params._meta as Readonly<Record<string, unknown>> | undefined)?.progressToken;
  return typeof token === "string" || typeof token === "number" ? token : undefined;
}
