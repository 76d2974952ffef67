import { lastingId } from "../auth/principal.ts";
import type { AttributionNames } from "../config/config.ts";
import type { Call } from "./call.ts";

/** Longest value of a header. */
const mostCharacters = 256;

/**
 * The headers that tell the API who acts: by `names`, each fact under its header; what is not known is not sent. Text that a
 * header cannot hold is percent-encoded.
 */
export function attributionHeaders(names: AttributionNames, call: Call): Readonly<Record<string, string>> {
  const { principal, requestId, client, tool, trail } = call;
  const facts: Readonly<Record<keyof AttributionNames, string | undefined>> = {
    actorType: "mcp",
    actorId: lastingId(principal),
    actorUserId: principal.user?.id,
    requestId,
    eventId: trail?.eventId,
    client: client === undefined ? undefined : [client.name, client.version].filter(Boolean).join("/"),
    tool: tool.name,
  };
  const entries = Object.entries(names).flatMap(([fact, header]) => {
    const value = facts[fact as keyof AttributionNames]; // the keys of names are those of facts
    return value === undefined || value === "" ? [] : [[header.toLowerCase(), headerText(value)] as const];
  });
  return Object.fromEntries(entries);
}

function headerText(text: string): string {
  const plain = /^[\x21-\x7e]+(?: [\x21-\x7e]+)*$/.test(text) ? text : encodeURIComponent(text.toWellFormed());
  return plain.slice(0, mostCharacters);
}
