/** Where a command reads and writes; handed in, so that a test can read what a person would see. */
export interface Terminal {
  /** Results. */
  readonly out: (text: string) => void;
  /** Everything that is not a result: progress, warnings, errors. */
  readonly err: (text: string) => void;
  /** Progress is shown on a terminal and not in a pipe. */
  readonly interactive: boolean;
}

/** The terminal of this process. A reader that has seen enough (`| head`) ends the command quietly. */
export const processTerminal: Terminal = {
  out: (text) => process.stdout.write(text.endsWith("\n") ? text : `${text}\n`),
  err: (text) => process.stderr.write(text.endsWith("\n") ? text : `${text}\n`),
  interactive: process.stderr.isTTY === true,
};

/** A progress line that overwrites itself on a terminal and stays silent in a pipe. */
export function progressLine({ interactive, err }: Terminal): { step: (text: string) => void; done: () => void } {
  if (!interactive) return { step: () => {}, done: () => {} };
  return {
    step: (text) => process.stderr.write(`\r\u001b[2K${text}`),
    done: () => err("\r\u001b[2K"),
  };
}

/** Leaves quietly when whoever reads our output is gone; any other fault of a stream is thrown. */
export function leaveWhenUnread(): void {
  for (const stream of [process.stdout, process.stderr])
    stream.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code !== "EPIPE") throw error;
      process.exit(0);
    });
}
