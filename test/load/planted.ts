import type { Invariant } from "./checker.ts";

/** One place of the source, and what stands there instead. */
export interface Edit {
  /** From the root of the project. */
  readonly file: string;
  /** Must occur exactly once. */
  readonly find: string;
  readonly replace: string;
}

/** A bug that others have shipped, or that a careless change would make. */
export interface Planted {
  /** The invariant that is there to catch it. */
  readonly breaks: Invariant;
  readonly edits: readonly Edit[];
}

/** Bugs to start a gateway with, by `SPECGATE_PLANT`: see `plant.ts`. */
export const plantedBugs: Readonly<Record<string, Planted>> = {
  /** Ids of questions restart, so that an answer is taken for whichever question is open (protocol.md §7.4). */
  "answers that fit any question": {
    breaks: "H10",
    edits: [{ file: "src/http/mcp/askSession.ts", find: "const id = randomUUID();", replace: 'const id = "0";' }],
  },
  "a key that is claimed while another has it": {
    breaks: "H4",
    edits: [
      {
        file: "src/calls/claims.redis.ts",
        find: "if not state or (state == 'unknown' and ARGV[5] == '1') then",
        replace: "if not state or state == 'inflight' or (state == 'unknown' and ARGV[5] == '1') then",
      },
      // The audit log would notice: it is asked before, and a second time as the intent is written.
      {
        file: "src/calls/earlier.ts",
        find: 'if (action.mode !== "keyed") return',
        replace: "return",
      },
      { file: "src/storage/keyHeads.ts", find: "if (taken.length === 0) late.push(head.event_id);", replace: "" },
    ],
  },
  "a replay with another result": {
    breaks: "H5",
    edits: [
      {
        file: "src/calls/replay.ts",
        find: "structured: { ...structured, replayed: true }",
        replace: 'structured: { ...structured, id: "another", replayed: true }',
      },
    ],
  },
  "a session that anybody may use": {
    breaks: "H7",
    edits: [
      {
        file: "src/http/mcp/sessionCheck.ts",
        find: "if (hash === null) throw unknownSession();",
        replace: "",
      },
      {
        file: "src/session/records.redis.ts",
        find: "if found[1] ~= ARGV[2] then return -1 end",
        replace: "",
      },
    ],
  },
  "a session that one process knows": {
    breaks: "H8",
    edits: [
      {
        file: "src/redis/keys.ts",
        // biome-ignore lint/suspicious/noTemplateCurlyInString: it is source text
        find: "session: (id) => `${prefix}sess:{${id}}`",
        // biome-ignore lint/suspicious/noTemplateCurlyInString: it is source text
        replace: "session: (id) => `${prefix}sess:{${id}}${process.pid}`",
      },
    ],
  },
  "an end that deletes nothing": {
    breaks: "H8b",
    edits: [
      {
        file: "src/session/records.redis.ts",
        find: "redis.call('DEL', KEYS[1], KEYS[2])\nredis.call('PUBLISH', ARGV[1], ARGV[2])",
        replace: "redis.call('PUBLISH', ARGV[1], ARGV[2])",
      },
    ],
  },
  "a broadcast that leaves sessions out": {
    breaks: "H9",
    edits: [
      {
        file: "src/session/streams.redis.ts",
        find: "ids.map((id) => append(id, event))",
        replace: "ids.filter(() => Math.random() > 0.3).map((id) => append(id, event))",
      },
    ],
  },
  "a message that is sent and not stored": {
    breaks: "H9",
    edits: [
      {
        file: "src/http/mcp/recordedStream.ts",
        find: "const id = await record?.add(data, last);",
        replace: "const id = !last && Math.random() < 0.3 ? undefined : await record?.add(data, last);",
      },
    ],
  },
  "a stream whose name is all of its key": {
    breaks: "H7",
    edits: [
      {
        file: "src/session/streams.redis.ts",
        find: "const keysOf = (id: string, stream: string): string[] => [\n    keys.session(id),\n    keys.streams(id),\n    keys.events(id, stream),",
        replace:
          "const keysOf = (id: string, stream: string): string[] => [\n    keys.session(id),\n    keys.streams('any'),\n    keys.events('any', stream),",
      },
    ],
  },
  "a cancellation that stops every call of the session": {
    breaks: "cancel",
    edits: [
      {
        file: "src/http/mcp/session.ts",
        find: 'const concerned = signal.type === "close" || signal.requestId === requestId;',
        replace: "const concerned = true;",
      },
    ],
  },
  "a cancellation that goes to every session": {
    breaks: "cancel",
    edits: [
      {
        file: "src/session/calls.redis.ts",
        find: "if (told !== null) tellOwn(told.id, told.signal);",
        replace: "if (told !== null) for (const id of [...sessions.keys()]) tellOwn(id, told.signal);",
      },
    ],
  },
  "a request that is not answered": {
    breaks: "H12",
    edits: [
      {
        file: "src/mcp/methods/toolsCall.ts",
        find: 'if (!isObject(args)) throw invalidParams("arguments must be an object");',
        replace:
          "if (Math.random() < 0.02) await new Promise(() => undefined);\n  if (!isObject(args)) throw invalidParams();",
      },
    ],
  },
  "reads of one tool that share an answer": {
    breaks: "answers",
    edits: [
      {
        file: "src/mcp/methods/toolsCall.ts",
        find: "return callToolResult(await context.surface.run(",
        replace: `
          const shared = (globalThis.shared ??= new Map());
          const runShared = (call) => {
            const running = (tool.kind === "get" && shared.get(name)) || context.surface.run(call);
            shared.set(name, running);
            setTimeout(() => shared.delete(name), 50);
            return running;
          };
          return callToolResult(await runShared(`,
      },
    ],
  },
  "a write that is sent twice": {
    breaks: "effects",
    edits: [
      {
        file: "src/calls/runCall.ts",
        find: "return { response: await upstream.send(request, options) };",
        replace: `
          if (request.effect === "write" && Math.random() < 0.5) await upstream.send(request, options);
          return { response: await upstream.send(request, options) };`,
      },
    ],
  },
};

/** `source` with one edit made. Throws unless what it is about stands there exactly once: a bug that is not planted proves nothing. */
export function plant(source: string, { file, find, replace }: Edit): string {
  const parts = source.split(find);
  if (parts.length !== 2) throw new Error(`${file} holds ${parts.length - 1} times, and not once: ${find}`);
  return parts.join(replace);
}
