import type { OperationKind } from "../../descriptor.ts";

/** Words by which people ask for each kind. A hint: "open the board" reads, "open an incident" creates. */
const wordsOfKind: Readonly<Partial<Record<OperationKind, string>>> = {
  count: "count total",
  delete:
    "delete remove revoke drop discard erase unsubscribe uninvite kick purge clear dismiss destroy wipe scrap eliminate detach throw ban fire",
  create: `create add new make start raise register invite plan schedule write publish post give grant hand report declare warn inform announce
    tell record log insert attach assign generate issue upload define prepare launch introduce setup put subscribe build begin connect
    import note comment group`,
  update: `update change rename move edit pause resume swap modify adjust extend shorten reassign disable enable close resolve acknowledge silence
    mute unmute postpone reschedule replace correct fix switch turn mark set lower increase decrease rotate confirm archive hide stop
    shift reopen prolong deactivate activate cancel rewrite reorder often`,
  get: "get details detail open describe inspect",
  list: "list show which what who where find search display export see are is was were did do does any latest recent all view whose when",
};

const kindOfWord: ReadonlyMap<string, OperationKind> = new Map(
  Object.entries(wordsOfKind).flatMap(([kind, words]) =>
    words.split(/\s+/).map((word) => [word, kind as OperationKind] as const),
  ),
);

/** Whether a word asks for one of the kinds. */
export function isVerb(word: string): boolean {
  return kindOfWord.has(word) || kindOfWord.has(word.replace(/s$/, ""));
}

/** Kinds that a question most likely asks for, the likeliest first; a List where nothing says otherwise. */
export function kindsAsked(words: readonly string[]): readonly OperationKind[] {
  const text = words.join(" ");
  if (
    /\bhow many (?!minutes|hours|seconds|days|times)|\bnumber of\b|\bcount\b|\btotal\b/.test(text) &&
    !/\b(after|for) how many\b/.test(text)
  )
    return ["count", "list", "get"];
  const isQuestion = /^(which|who|what|where|when|how|is|are|was|were|did|do|does|has|have|whose)\b/.test(text);
  if (isQuestion) return ["list", "get", "count"];
  const asked = words.flatMap((word) => kindOfWord.get(word) ?? []);
  const verb = asked[0] === "list" && !startsAsking(words) ? asked.find((kind) => kind !== "list") : asked[0];
  if (verb === undefined || verb === "list") return ["list", "get", "count"];
  return verb === "get" ? ["get", "list"] : [verb, ...alternatives[verb]];
}

function startsAsking(words: readonly string[]): boolean {
  return kindOfWord.get(words.find((word) => word !== "please" && word !== "me") ?? "") === "list";
}

const alternatives: Readonly<Record<"count" | "delete" | "create" | "update" | "action", readonly OperationKind[]>> = {
  count: ["list"],
  delete: ["update", "list"],
  create: ["update", "list"],
  update: ["create", "list"],
  action: ["update"],
};
