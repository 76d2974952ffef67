import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { RequestHandler } from "express";
import type { AuditQuery, ReadAudit, ShownRecord } from "../../../audit/event.ts";
import { GatewayError } from "../../../errors.ts";
import { ownAuditQuery } from "./audit.ts";

const formats = {
  jsonl: {
    type: "application/jsonl; charset=utf-8",
    head: [],
    lineOf: (one: ShownRecord) => `${JSON.stringify(one)}\n`,
  },
  csv: { type: "text/csv; charset=utf-8", head: [() => `${columns.join(",")}\r\n`], lineOf: csvLine },
} as const;

const perRead = 500;

/**
 * `GET /audit/export`: every record that the filters give, newest first, as a file. Read page by page while it is sent, so that its size
 * does not matter; a store that goes away in the middle cuts the answer off, which clients see.
 */
export function auditExportRoute(read: ReadAudit): RequestHandler {
  return async (req, res) => {
    const { format = "jsonl", ...asked } = req.query;
    if (format !== "jsonl" && format !== "csv")
      throw new GatewayError("invalid_arguments", "format must be jsonl or csv");
    const query = ownAuditQuery(asked, res);
    const first = await read(query, { limit: perRead });
    const { type, head, lineOf } = formats[format];
    res.set({
      "content-type": type,
      "content-disposition": `attachment; filename="audit-${new Date().toISOString().slice(0, 10)}.${format}"`,
    });
    const lines = async function* (): AsyncGenerator<string> {
      for (const line of head) yield line();
      for await (const record of following(read, query, first)) yield lineOf(record);
    };
    await pipeline(Readable.from(lines()), res).catch((thrown: unknown) => res.destroy(thrown as Error)); // whoever left needs no answer
  };
}

async function* following(
  read: ReadAudit,
  query: AuditQuery,
  first: Awaited<ReturnType<ReadAudit>>,
): AsyncGenerator<ShownRecord> {
  for (let page = first; ; page = await read(query, { limit: perRead, after: page.next })) {
    yield* page.records;
    if (page.next === undefined) return;
  }
}

const columns = [
  "at",
  "kind",
  "outcome",
  "code",
  "tool",
  "effect",
  "resource",
  "resource_id",
  "actor_kind",
  "actor_id",
  "actor_user_id",
  "organisation",
  "client",
  "client_host",
  "surface",
  "upstream_status",
  "duration_ms",
  "event_id",
  "request_id",
  "hash",
] as const;

function csvLine(record: ShownRecord): string {
  return `${columns.map((name) => csvCell(name === "client" ? record.client?.name : record[name])).join(",")}\r\n`;
}

/** What a spreadsheet would take for a formula begins with a quote: names in it are of clients' making. */
function csvCell(value: string | number | null | undefined): string {
  const text = String(value ?? "");
  const safe = typeof value === "string" && /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
