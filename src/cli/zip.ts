import { crc32, deflateRawSync } from "node:zlib";
import { GatewayError } from "../errors.ts";

/** A file of an archive; `name` with `/` between folders. */
export interface ZipEntry {
  readonly name: string;
  readonly data: Uint8Array;
}

/** 1 January 1980, the first day that the format knows: the same files make the same archive. */
const date = 0x0021;
/** Names are UTF-8. */
const flags = 0x0800;
const deflated = 8;
const mostEntries = 65_535;
const mostBytes = 0xffff_ffff;

/**
 * A zip archive of `entries`, in the order of their names, each deflated. Throws `invalid_request` beyond 65,535 files or 4 GiB:
 * what is larger needs the zip64 form, which a bundle should not.
 * https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT
 */
export function zip(entries: readonly ZipEntry[]): Buffer {
  const sorted = [...entries].sort((a, b) => (a.name < b.name ? -1 : 1));
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const { name, data } of sorted) {
    const packed = deflateRawSync(data, { level: 9 });
    const facts = { name: Buffer.from(name), crc: crc32(data), packed: packed.length, size: data.length };
    const header = localHeader(facts);
    directory.push(directoryHeader(facts, offset));
    parts.push(header, packed);
    offset += header.length + packed.length;
  }
  const listing = Buffer.concat(directory);
  if (sorted.length > mostEntries || offset + listing.length > mostBytes)
    throw new GatewayError("invalid_request", `a bundle of ${sorted.length} files and ${offset} bytes is too large`);
  return Buffer.concat([...parts, listing, end(sorted.length, listing.length, offset)]);
}

interface Facts {
  readonly name: Buffer;
  readonly crc: number;
  readonly packed: number;
  readonly size: number;
}

/** APPNOTE §4.3.7 */
function localHeader(facts: Facts): Buffer {
  const head = Buffer.alloc(30);
  head.writeUInt32LE(0x0403_4b50, 0);
  writeCommon(head, 4, facts);
  return Buffer.concat([head, facts.name]);
}

/** APPNOTE §4.3.12 */
function directoryHeader(facts: Facts, offset: number): Buffer {
  const head = Buffer.alloc(46);
  head.writeUInt32LE(0x0201_4b50, 0);
  head.writeUInt16LE(0x0314, 4); // made on Unix, so that the mode counts
  writeCommon(head, 6, facts);
  head.writeUInt32LE((0o100644 << 16) >>> 0, 38);
  head.writeUInt32LE(offset, 42);
  return Buffer.concat([head, facts.name]);
}

/** What both headers have, from the version that is needed to the length of the name. */
function writeCommon(head: Buffer, at: number, { name, crc, packed, size }: Facts): void {
  head.writeUInt16LE(20, at);
  head.writeUInt16LE(flags, at + 2);
  head.writeUInt16LE(deflated, at + 4);
  head.writeUInt16LE(0, at + 6);
  head.writeUInt16LE(date, at + 8);
  head.writeUInt32LE(crc, at + 10);
  head.writeUInt32LE(packed, at + 14);
  head.writeUInt32LE(size, at + 18);
  head.writeUInt16LE(name.length, at + 22);
}

/** APPNOTE §4.3.16 */
function end(count: number, bytes: number, offset: number): Buffer {
  const tail = Buffer.alloc(22);
  tail.writeUInt32LE(0x0605_4b50, 0);
  tail.writeUInt16LE(count, 8);
  tail.writeUInt16LE(count, 10);
  tail.writeUInt32LE(bytes, 12);
  tail.writeUInt32LE(offset, 16);
  return tail;
}
