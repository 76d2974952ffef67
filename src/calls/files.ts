import { createHash } from "node:crypto";
import type { ToolOrigin } from "../catalog/tool.ts";
import type { OperationKind } from "../descriptor.ts";
import { kilobytes, tooLarge } from "../operations/budget.ts";
import { idsOf, withNotes } from "../operations/item.ts";
import { kinds } from "../operations/kinds.ts";
import type { Arguments, StepContext } from "../operations/steps.ts";
import type { UpstreamRequest, UpstreamResponse } from "../upstream/exchange.ts";
import { safeFileName } from "../upstream/serialize/files.ts";
import { extensionOf } from "../upstream/serialize/mediaTypes.ts";
import type { ContentBlock, Outcome } from "./call.ts";

/** The exchange of a Call with its Upstream, ending in what the Call came to. */
export type OutcomeSteps = Generator<UpstreamRequest, Outcome, UpstreamResponse>;

/** Where a kind's value stands in its Output. The other kinds' answers are no files: they are lists, counts, or nothing. */
const places: Readonly<Partial<Record<OperationKind, "item" | "result">>> = {
  get: "item",
  create: "item",
  update: "item",
  action: "result",
};

/**
 * The steps of a Tool's kind. An answer that is a file, bytes that no text can hold, comes back as an embedded resource, byte
 * for byte; the structured result says what it is, `{ mediaType, size, name?, uri }`, in the place of the kind's value.
 * https://modelcontextprotocol.io/specification/2025-11-25/server/tools#embedded-resources
 */
export function* outcomeSteps(origin: ToolOrigin, args: Arguments, context: StepContext): OutcomeSteps {
  const { kind, result } = origin.spec;
  const place = kind === "action" && result?.noun ? "item" : places[kind];
  const steps = kinds[kind].steps(origin, args, context);
  let step = steps.next();
  while (!step.done) {
    const answer: Answered = yield* asked(step.value);
    if ("thrown" in answer) {
      step = steps.throw(answer.thrown);
    } else if (place !== undefined && answer.response.body instanceof Uint8Array) {
      return fileOutcome(origin, args, answer.response, { place, most: mostBytes(context) });
    } else {
      step = steps.next(answer.response);
    }
  }
  return { structured: step.value };
}

type Answered = { readonly response: UpstreamResponse } | { readonly thrown: unknown };

function* asked(request: UpstreamRequest): Generator<UpstreamRequest, Answered, UpstreamResponse> {
  try {
    return { response: yield request };
  } catch (thrown) {
    return { thrown };
  }
}

/** In base64 they are a megabyte, where clients stop reading; the budget for JSON counts where it is larger. */
const leastFileBytes = 750_000;

function mostBytes({ resultBytes }: StepContext): number {
  return Math.max(leastFileBytes, resultBytes);
}

function fileOutcome(
  origin: ToolOrigin,
  args: Arguments,
  { body, headers, mediaType }: UpstreamResponse,
  { place, most }: { readonly place: "item" | "result"; readonly most: number },
): Outcome {
  const bytes = body as Uint8Array; // outcomeSteps has checked it
  if (bytes.length > most) {
    if (origin.spec.effect === "read") throw tooLarge(bytes.length, most);
    const note = `Done. The API's answer, a file of ${kilobytes(bytes.length)}, is left out: it is too large.`;
    return { structured: { ...idsOf(origin, args), ...withNotes([note]) } };
  }
  const type = mediaType === "" ? "application/octet-stream" : mediaType;
  const name = fileName(headers["content-disposition"]);
  const uri = uriOf(origin.spec.name, bytes, name ?? `file${extensionOf(type)}`);
  const file = { mediaType: type, size: bytes.length, ...(name === undefined ? {} : { name }), uri };
  const blob = Buffer.from(bytes).toString("base64");
  const block: ContentBlock = { type: "resource", resource: { uri, mimeType: type, blob } };
  return {
    structured: { [place]: file, ...withNotes(["The file is the resource in this result."]) },
    content: [block],
  };
}

/** A name for the file, the same for the same bytes. Nothing answers to it: the file is in the result whole. */
function uriOf(tool: string, bytes: Uint8Array, name: string): string {
  const hash = createHash("sha256").update(bytes).digest("hex").slice(0, 16);
  return `specgate://file/${tool}/${hash}/${encodeURIComponent(name)}`;
}

/** The file's name in `Content-Disposition`, without folders. RFC 6266 §4.3; the extended form first. */
function fileName(disposition: string | undefined): string | undefined {
  const extended = /;\s*filename\*\s*=\s*utf-8'[^']*'([^;\s]+)/i.exec(disposition ?? "")?.[1];
  const quoted = /;\s*filename\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^;\s]+))/i.exec(disposition ?? "");
  const given = extended === undefined ? (quoted?.[1] ?? quoted?.[2]) : decoded(extended);
  return given === undefined ? undefined : safeFileName(given);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
