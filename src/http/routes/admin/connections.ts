import type { RequestHandler } from "express";
import type { KeyActor } from "../../../auth/gatewayKeys.ts";
import type { Connections } from "../../../oauth/port.ts";
import { keyQuery } from "./reading.ts";

/**
 * `GET /connections`: OAuth connections, newest first, as `{ items, nextCursor? }`. A key of an organisation sees those of its own, and
 * none when it asks for another's. They are ended as keys are, by the same id.
 */
export function connectionsRoute(connections: Connections | undefined): RequestHandler {
  return async (req, res) => {
    const query = keyQuery(req.query);
    const { organisation } = res.locals.actor as KeyActor; // set by the first middleware
    const isForeign = organisation !== undefined && (query.organisation ?? organisation) !== organisation;
    if (connections === undefined || isForeign) {
      res.json({ items: [] });
      return;
    }
    const { rows, next } = await connections.list({ ...query, ...(organisation !== undefined && { organisation }) });
    res.json({ items: rows, ...(next !== undefined && { nextCursor: next }) });
  };
}
