import type { Request, RequestHandler, Response } from "express";
import type { AuditQuery, ReadAudit } from "../../../audit/event.ts";
import type { KeyActor } from "../../../auth/gatewayKeys.ts";
import { GatewayError } from "../../../errors.ts";

/** Query parameter → what it asks for. */
const names: Readonly<Record<string, keyof AuditQuery>> = {
  actor: "actor",
  user: "user",
  organisation: "organisation",
  tool: "tool",
  effect: "effect",
  resource: "resource",
  resource_id: "resourceId",
  outcome: "outcome",
  event: "event",
  kind: "kind",
  from: "from",
  to: "to",
};

/**
 * `GET /audit`: records of the audit log, newest first, as `{ items, nextCursor? }`. A key of an organisation sees those of its
 * organisation, and is told `not_permitted` when it asks for another's.
 */
export function auditRoute(read: ReadAudit): RequestHandler {
  return async (req, res) => {
    const { limit, cursor, ...asked } = req.query;
    const query = ownAuditQuery(asked, res);
    const after = cursor === undefined ? {} : { after: textOf("cursor", cursor) };
    const { records, next } = await read(query, { limit: limitOf(limit), ...after });
    res.json({ items: records, ...(next !== undefined && { nextCursor: next }) });
  };
}

/** What the filters ask for, as far as the one who asks may see it. */
export function ownAuditQuery(asked: Request["query"], res: Response): AuditQuery {
  return ownQuery(auditQuery(asked), res.locals.actor as KeyActor); // set by the first middleware
}

function auditQuery(asked: Request["query"]): AuditQuery {
  const entries = Object.entries(asked).map(([name, value]) => {
    if (!Object.hasOwn(names, name))
      throw wrong(
        `unknown query parameter "${name.slice(0, 40)}"; there are ${Object.keys(names).join(", ")}, limit, cursor`,
      );
    return [names[name], textOf(name, value)];
  });
  return Object.fromEntries(entries) as AuditQuery; // the names are those of an AuditQuery
}

function ownQuery(query: AuditQuery, { organisation }: KeyActor): AuditQuery {
  if (organisation === undefined) return query;
  if (query.organisation === undefined || query.organisation === organisation) return { ...query, organisation };
  throw new GatewayError("not_permitted", "a key sees the records of its own organisation alone");
}

const mostRecords = 500;

function limitOf(value: unknown): number {
  const limit = Number(value ?? 50);
  if (Number.isInteger(limit) && limit >= 1 && limit <= mostRecords) return limit;
  throw wrong(`limit is not a number from 1 to ${mostRecords}`);
}

function textOf(name: string, value: unknown): string {
  if (typeof value === "string" && value !== "") return value;
  throw wrong(`${name} must be given once, with a value`);
}

function wrong(message: string): GatewayError {
  return new GatewayError("invalid_arguments", message);
}
