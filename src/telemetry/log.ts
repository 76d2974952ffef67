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

/** Writes lines as they are, beside the log. */
export interface Lines {
  /** Returns at once. Where nobody reads, what is beyond 16 MiB is lost. */
  readonly print: (line: string) => void;
  /** Writes what waits. */
  readonly flush: () => void;
}

/** {@link Lines} on stdout, or on stderr (2) where stdout belongs to the protocol. */
export function createLines(destination: 1 | 2 = 1): Lines {
  const stream = pino.destination({ fd: destination, sync: false, maxLength: 16_777_216 });
  stream.on("error", () => undefined); // nobody reads any more
  return {
    print: (line) => void stream.write(`${line}\n`),
    flush: () => {
      try {
        stream.flushSync();
      } catch {
        // it is not open yet, or not any more
      }
    },
  };
}

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
