/** Text that is HTML already; only {@link html} makes it, so that nothing else can reach a page unescaped. */
export class Html {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** What may stand in a template: text is escaped, HTML is not, nothing is nothing. */
export type Piece = string | number | Html | readonly Html[] | undefined | null | false;

/** A template whose values are escaped, as text and as attribute values in double quotes alike. */
export function html(strings: TemplateStringsArray, ...values: readonly Piece[]): Html {
  return new Html(strings.reduce((whole, part, index) => `${whole}${written(values[index - 1])}${part}`));
}

function written(piece: Piece): string {
  if (piece === undefined || piece === null || piece === false) return "";
  if (piece instanceof Html) return piece.text;
  if (Array.isArray(piece)) return piece.map(({ text }: Html) => text).join("\n");
  return escaped(String(piece));
}

/** Controls and marks of direction are shown: a client's name must not turn the words around it. */
function escaped(text: string): string {
  return text
    .replace(/[\p{Cc}\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/gu, "\ufffd")
    .replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
