import type { Source, ToolSpec } from "../../src/descriptor.ts";
import type { Recorded, RecorderAnswer } from "./recorder.ts";

/** One page of a List with more behind it, in the shape that the Tool reads: so that it hands out a cursor. */
export function pageAnswer({ result, paging }: ToolSpec, size: number): (request: Recorded) => RecorderAnswer {
  return (request) => {
    const keyField = paging?.style === "keyset" ? paging.itemField : "id";
    const items = Array.from({ length: size }, (_none, index) => ({
      id: `i${index}`,
      name: `n${index}`,
      [keyField]: `k${index}`,
    }));
    const next = following(request.path);
    const answer: { body: unknown; headers: Record<string, string> } = { body: {}, headers: {} };
    answer.body = put({}, result?.unwrap ?? [], items);
    const say = (source: Source | undefined, value: unknown): void => {
      if (source === undefined) return;
      if ("header" in source) answer.headers[source.header.toLowerCase()] = String(value);
      else if (!Array.isArray(answer.body)) answer.body = put(answer.body, source.path, value);
    };
    say(paging?.hasMore, true);
    say(paging?.total, 5_000);
    if (paging?.style === "cursor") say(paging.next, "token-1");
    if (paging?.style === "nextUrl") say(paging.next, next);
    if (paging?.style === "link") answer.headers.link = `<${next}>; rel="next"`;
    return answer;
  };
}

function put(whole: unknown, path: readonly string[], value: unknown): unknown {
  const [key, ...rest] = path;
  if (key === undefined) return value;
  const object = typeof whole === "object" && whole !== null ? (whole as Readonly<Record<string, unknown>>) : {};
  return { ...object, [key]: put(object[key], rest, value) };
}

/** The same list from another place on, as an upstream's link says it. */
function following(path: string): string {
  const url = new URL(path, "http://upstream.test");
  url.searchParams.set(linkParameter, "1");
  return url.href;
}

/** What the links of our upstream carry; a document need not declare it. */
export const linkParameter = "after";
