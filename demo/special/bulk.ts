import { actOn, create } from "../crud.ts";
import { type Json, listOf, object, parseField, type Row, type Schema } from "../model/fields.ts";
import { nounNamed } from "../model/index.ts";
import type { Action } from "../model/noun.ts";
import { bodyOf, schemaRef } from "../nounRoutes.ts";
import { ApiFailure, type Route } from "../route.ts";
import { found } from "../rows.ts";
import { writable } from "../schemas.ts";

const ids = parseField("text[]! Ids; at most 100");
const notify = parseField("bool! Whether subscribers are alerted. false is a guarantee that nobody is");

/** Operations on several things at once. */
export const bulkRoutes: readonly Route[] = [
  bulk("Incident", "resolve", "bulkResolveIncidents", {
    ids,
    message: parseField("long(1..5000)? Last words for customers"),
    notify,
  }),
  bulk("Monitor", "pause", "bulkPauseMonitors", { ids, reason: parseField("text? Why they are paused") }),
  bulk("Monitor", "resume", "bulkResumeMonitors", { ids }),
  {
    method: "POST",
    path: "/events/batch",
    operationId: "batchCreateEvents",
    tag: "Changes",
    summary: "Create several events at once",
    description: "All of them or none.",
    scope: "write",
    body: bodyOf({ events: listOf("The events; at most 50", Object.fromEntries(writable(nounNamed("Event"))), "!") }),
    success: {
      status: 200,
      description: "The new events",
      schema: {
        type: "object",
        properties: { created: { type: "array", items: schemaRef("Event") } },
        required: ["created"],
      },
    },
    answer: (context) => ({
      status: 200,
      body: {
        created: batchOf(context.body.events).map(
          (body) => create(nounNamed("Event"), { ...context, body }).body ?? null,
        ),
      },
    }),
  },
];

/** Component schemas of these operations. */
export const bulkSchemas: Readonly<Record<string, Schema>> = {
  BulkResult: {
    type: "object",
    properties: {
      results: {
        type: "array",
        items: object("", { id: "text! Id", done: "bool! Whether it worked", error: "text? Why not" }).schema,
      },
    },
    required: ["results"],
  },
};

function bulk(nounName: string, verb: string, operationId: string, fields: Parameters<typeof bodyOf>[0]): Route {
  const noun = nounNamed(nounName);
  const action = noun.actions.find((known): known is Action => known.verb === verb);
  if (action === undefined) throw new Error(`${nounName} has no action ${verb}`);
  return {
    method: "POST",
    path: `${noun.path}/bulk-${verb}`,
    operationId,
    tag: noun.tag,
    summary: `${verb.charAt(0).toUpperCase()}${verb.slice(1)} several at once`,
    description: "Answers for each id whether it worked; one that fails does not stop the others.",
    scope: "write",
    body: bodyOf(fields),
    success: { status: 200, description: "What became of each", schema: schemaRef("BulkResult") },
    answer: (context) => {
      const { ids: wanted, ...body } = context.body;
      const results = (Array.isArray(wanted) ? wanted : []).map((id) =>
        outcomeOf(String(id), () => actOn(noun, action, { ...context, body }, found(context, noun, String(id)))),
      );
      return { status: 200, body: { results } };
    },
  };
}

function outcomeOf(id: string, work: () => Row): Row {
  try {
    work();
    return { id, done: true, error: null };
  } catch (thrown) {
    if (!(thrown instanceof ApiFailure)) throw thrown;
    return { id, done: false, error: thrown.message };
  }
}

/** The body was validated: a list of objects. */
function batchOf(events: Json | undefined): readonly Row[] {
  return Array.isArray(events) ? (events as readonly Row[]) : [];
}
