import { type Logger, pino } from "pino";

export type { Logger } from "pino";

/** Names under which secrets travel; their values are replaced wherever a logged object holds them, two levels deep. */
const secretNames = [
  "authorization",
  "cookie",
  "apikey",
  "apiKey",
  "x-api-key",
  "password",
  "token",
  "secret",
  "credential",
];

/**
 * A logger that writes one JSON line per event. `destination` is 1 (stdout) under HTTP and 2 (stderr) in stdio mode, where
 * stdout belongs to the protocol. Redaction by name is the second net: keys are of type Secret and print nothing by themselves.
 */
export function createLogger(level: string, destination: 1 | 2 = 1): Logger {
  return pino(
    {
      level,
      base: null,
      redact: {
        paths: secretNames.flatMap((name) => [`["${name}"]`, `*["${name}"]`, `*.*["${name}"]`]),
        censor: "[redacted]",
      },
    },
    pino.destination({ fd: destination, sync: true }),
  );
}
