/**
 * A value that must not be seen: a key, a token, a password. Printing, logging, inspecting or serialising it gives
 * `[redacted]` or nothing (a private field is invisible to `util.inspect`); only {@link Secret.reveal} gives the text, and only the code that sends or hashes it calls that.
 */
export class Secret {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  reveal(): string {
    return this.#text;
  }

  toString(): string {
    return "[redacted]";
  }

  toJSON(): string {
    return "[redacted]";
  }
}
