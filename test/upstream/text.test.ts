import { describe, expect, it } from "vitest";
import { parseBody } from "../../src/upstream/decode.ts";
import { textOf } from "../../src/upstream/text.ts";

describe("the text of an answer", () => {
  const utf16 = (text: string, mark: readonly number[]): Buffer => {
    const little = Buffer.from(text, "utf16le");
    return Buffer.concat([Buffer.from(mark), mark[0] === 0xfe ? little.swap16() : little]);
  };
  const rows: readonly { name: string; type: string; content: Buffer; want: string | undefined }[] = [
    { name: "UTF-8", type: "text/plain", content: Buffer.from("naïve 😀"), want: "naïve 😀" },
    { name: "UTF-8 with a mark", type: "text/plain; charset=latin1", content: Buffer.from("\ufeffé"), want: "é" },
    { name: "its charset", type: "text/plain; charset=iso-8859-1", content: Buffer.from("é€", "latin1"), want: "é¬" },
    {
      name: "a quoted charset",
      type: 'text/csv;header=present; Charset="ISO-8859-15"',
      content: Buffer.from([0xa4]),
      want: "€",
    },
    { name: "Shift_JIS", type: "text/plain; charset=Shift_JIS", content: Buffer.from([0x83, 0x65]), want: "テ" },
    { name: "UTF-16 with a mark", type: "text/plain", content: utf16("né", [0xff, 0xfe]), want: "né" },
    { name: "big-endian UTF-16 with a mark", type: "text/plain", content: utf16("né", [0xfe, 0xff]), want: "né" },
    {
      name: "an XML declaration",
      type: "application/xml",
      content: Buffer.from('<?xml version="1.0" encoding="ISO-8859-2"?><a>\u00b1</a>', "latin1"),
      want: '<?xml version="1.0" encoding="ISO-8859-2"?><a>ą</a>',
    },
    {
      name: "Windows-1252 where nothing is said",
      type: "text/plain",
      content: Buffer.from([0x80, 0x20, 0xe9]),
      want: "€ é",
    },
    {
      name: "UTF-8 where the charset is unknown",
      type: "text/plain; charset=klingon",
      content: Buffer.from("é"),
      want: "é",
    },
    { name: "nothing: it holds NUL", type: "text/plain", content: Buffer.from([0x61, 0x00, 0x62]), want: undefined },
    {
      name: "nothing: it is not of its charset",
      type: "text/plain; charset=utf-8",
      content: Buffer.from([0xff, 0x61]),
      want: undefined,
    },
  ];
  for (const { name, type, content, want } of rows) it(`is by ${name}`, () => expect(textOf(content, type)).toBe(want));
});

describe("an answer", () => {
  const bytes = Buffer.from([0x7b, 0xff, 0x00]);
  const rows: readonly { name: string; type: string; content: Buffer; want: unknown }[] = [
    {
      name: "JSON in Latin-1",
      type: "application/json; charset=iso-8859-1",
      content: Buffer.from('{"a":"é"}', "latin1"),
      want: { a: "é" },
    },
    {
      name: "JSON that says it is octets",
      type: "application/octet-stream",
      content: Buffer.from('{"a":1}'),
      want: { a: 1 },
    },
    { name: "a number of text", type: "text/plain", content: Buffer.from("42\n"), want: 42 },
    { name: "digits that are no number", type: "text/plain", content: Buffer.from("007"), want: "007" },
    { name: "digits that would become another number", type: "text/plain", content: Buffer.from("1e5"), want: "1e5" },
    {
      name: "a big number that JSON cannot hold",
      type: "text/plain",
      content: Buffer.from("12345678901234567890"),
      want: "12345678901234567890",
    },
    {
      name: "octets that begin with a digit",
      type: "application/octet-stream",
      content: Buffer.from("42"),
      want: Buffer.from("42"),
    },
    {
      name: "a picture that begins with a bracket",
      type: "image/x-test",
      content: Buffer.from("{}"),
      want: Buffer.from("{}"),
    },
    { name: "octets that begin with a bracket", type: "application/octet-stream", content: bytes, want: bytes },
    {
      name: "a text that is none",
      type: "text/plain",
      content: Buffer.from([0x61, 0x00]),
      want: Buffer.from([0x61, 0x00]),
    },
    { name: "SVG", type: "image/svg+xml", content: Buffer.from("<svg/>"), want: "<svg/>" },
    { name: "nothing", type: "application/json", content: Buffer.alloc(0), want: undefined },
    { name: "white space", type: "application/json", content: Buffer.from(" \n"), want: undefined },
  ];
  for (const { name, type, content, want } of rows)
    it(`that is ${name}`, () => expect(parseBody(content, type)).toEqual(want));

  it("that holds NUL is not the JSON it says it is", () => {
    expect(() => parseBody(Buffer.from([0x22, 0x00, 0x22]), "application/json")).toThrow(/not the JSON/);
  });
});
