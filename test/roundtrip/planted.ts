import type { Recorded, Tamper } from "./recorder.ts";

/** A fault as a serialiser may have it, put into requests on their way. */
export interface PlantedBug {
  readonly name: string;
  readonly tamper: Tamper;
}

/** Three faults of three places: body, query, path. Each leaves most requests as they are. */
export const plantedBugs: readonly PlantedBug[] = [
  { name: "numbers of a body become texts", tamper: (request) => ({ ...request, body: withTextNumbers(request) }) },
  { name: "a list in the query is one text", tamper: (request) => ({ ...request, path: joinedLists(request.path) }) },
  { name: "a path value is encoded twice", tamper: (request) => ({ ...request, path: encodedTwice(request.path) }) },
];

function withTextNumbers({ body, headers }: Recorded): Recorded["body"] {
  if (typeof body !== "string" || !/\bjson\b/.test(headers["content-type"] ?? "")) return body;
  return JSON.stringify(JSON.parse(body), (_key, value: unknown) =>
    typeof value === "number" ? String(value) : value,
  );
}

function joinedLists(path: string): string {
  const url = new URL(path, "http://upstream.test");
  const names = [...new Set(url.searchParams.keys())];
  const pairs = names.map(
    (name) => `${encodeURIComponent(name)}=${encodeURIComponent(url.searchParams.getAll(name).join(","))}`,
  );
  return names.length === 0 ? path : `${url.pathname}?${pairs.join("&")}`;
}

/** Only what had to be encoded changes, and the sign of a number. */
function encodedTwice(path: string): string {
  const [start = "", ...query] = path.split("?");
  const twice = start.replaceAll("%", "%25").replaceAll("/-", "/%252D");
  return [twice, ...query].join("?");
}
