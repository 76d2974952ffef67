/** What the gateway has to know of a media type to write or read it. */

/** Type and subtype in lower case, without parameters; empty where there is none. */
export function essenceOf(mediaType: string): string {
  return mediaType.split(";", 1)[0]?.trim().toLowerCase() ?? "";
}

/** `application/json`, `text/json` and `*+json`. RFC 6839 §3.1. */
export function isJsonType(mediaType: string): boolean {
  return /^(application\/json|text\/json|[^;]+\+json)$/.test(essenceOf(mediaType));
}

/** A media type whose content is text, so that a JSON string can hold it. */
export function isTextType(mediaType: string): boolean {
  const type = essenceOf(mediaType);
  const isText = type.startsWith("text/") || isJsonType(type);
  return (
    isText ||
    /^application\/([^;]*\+)?(xml|yaml|x-yaml|x-ndjson|ndjson|jsonl|json-seq|javascript|ecmascript|csv|sql|graphql|toml|rtf|x-sh|x-www-form-urlencoded)$/.test(
      type,
    ) ||
    type === "image/svg+xml"
  );
}

/** Whether `type` is one of `ranges`: media types with commas between them, `image/*` and `*\/*` for any of a kind. */
export function isInRange(type: string, ranges: string): boolean {
  const wanted = essenceOf(type);
  return ranges.split(",").some((one) => {
    const range = essenceOf(one);
    return range === "*/*" || range === wanted || (range.endsWith("/*") && wanted.startsWith(range.slice(0, -1)));
  });
}

/** A media type with its parameters as a header may hold it. RFC 9110 §8.3.1. */
export function isMediaType(text: string): boolean {
  return /^[\w!#$&^.+-]+\/[\w!#$&^.+-]+(\s*;\s*[\w!#$&^.+-]+=("[^"\\\r\n]*"|[\w!#$&^.+-]+))*$/.test(text);
}

const extensions: Readonly<Record<string, string>> = {
  "image/png": "png",
  "image/jpeg": "jpg",
  "image/gif": "gif",
  "image/webp": "webp",
  "image/svg+xml": "svg",
  "audio/mpeg": "mp3",
  "audio/wav": "wav",
  "video/mp4": "mp4",
  "application/pdf": "pdf",
  "application/zip": "zip",
  "application/gzip": "gz",
  "application/json": "json",
  "application/xml": "xml",
  "text/plain": "txt",
  "text/csv": "csv",
  "text/html": "html",
  "text/markdown": "md",
};

/** The usual extension of a media type with its dot, empty where there is none that everybody knows. */
export function extensionOf(mediaType: string): string {
  const type = essenceOf(mediaType);
  return Object.hasOwn(extensions, type) ? `.${extensions[type]}` : "";
}
