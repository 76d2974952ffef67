import { readFile, stat } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { GatewayError } from "../../src/errors.ts";

/** The bytes at a URL. Given by the caller, since the network is reached in one place only. */
export type Fetcher = (url: string, headers: Readonly<Record<string, string>>) => Promise<Uint8Array>;

/** A Spec or a file it refers to: 32 MB, three times GitHub's whole API. security.md §6. */
export const maxBytes: number = 32 * 1024 * 1024;

/** Where a Spec was read from. */
export interface ReadSource {
  readonly bytes: Uint8Array;
  /** For messages: a file name as given, a URL without credentials and query, or `stdin`. */
  readonly name: string;
  /** What relative references are resolved against; absent for stdin. */
  readonly base?: { readonly file: string; readonly folder: string } | { readonly url: string };
}

export interface ReadOptions {
  readonly fetch?: Fetcher;
  readonly headers?: Readonly<Record<string, string>>;
  readonly stdin?: Uint8Array;
}

/** The bytes of a file, an http(s) URL, or stdin (`-`). Throws `invalid_request` when there is none or it is too large. */
export async function readSource(source: string, options: ReadOptions): Promise<ReadSource> {
  if (source === "-") return { bytes: checkSize(options.stdin ?? new Uint8Array(), "stdin"), name: "stdin" };
  if (/^https?:\/\//i.test(source)) return readUrl(source, options);
  const file = resolve(source);
  return { bytes: await readLocal(file, source), name: source, base: { file, folder: dirname(file) } };
}

/** The bytes of a file of at most {@link maxBytes}; `name` is for the message. */
export async function readLocal(file: string, name: string): Promise<Uint8Array> {
  try {
    const { size } = await stat(file);
    if (size > maxBytes) throw tooLarge(name, size);
    return await readFile(file);
  } catch (thrown) {
    if (thrown instanceof GatewayError) throw thrown;
    const code = (thrown as NodeJS.ErrnoException).code;
    throw new GatewayError("invalid_request", `cannot read ${name} (${code})`, {
      next: code === "EISDIR" ? "Name the file itself." : "Check the name of the file and that it may be read.",
    });
  }
}

/** `bytes`, unless there are more than {@link maxBytes}. */
export function checkSize(bytes: Uint8Array, name: string): Uint8Array {
  if (bytes.byteLength > maxBytes) throw tooLarge(name, bytes.byteLength);
  return bytes;
}

/** A URL as it may be shown: without user, password, query and fragment, any of which may hold a key. */
export function publicUrl(url: string): string {
  const { origin, pathname } = new URL(url);
  return origin + pathname;
}

async function readUrl(source: string, options: ReadOptions): Promise<ReadSource> {
  const name = publicUrl(source);
  if (options.fetch === undefined)
    throw new GatewayError("invalid_request", `cannot read ${name}: URLs are not allowed here`);
  const bytes = await options.fetch(source, options.headers ?? {});
  return { bytes: checkSize(bytes, name), name, base: { url: source } };
}

function tooLarge(name: string, size: number): GatewayError {
  const megabytes = (size / 1024 / 1024).toFixed(1);
  return new GatewayError("invalid_request", `${name} has ${megabytes} MB; the limit is ${maxBytes / 1024 / 1024} MB`, {
    next: "Split the document, or remove what needs no tool.",
  });
}
