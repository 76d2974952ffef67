import type { Request, Response } from "express";

/** What `<path>/health` says: words and numbers, no addresses, nothing of any client (security.md T54). */
export interface Health {
  readonly status: "ok" | "degraded" | "draining";
  readonly version: string;
  readonly tools: number;
  readonly sessions: number;
  /** `ok`, `failing`, `unknown`: what the last calls showed. */
  readonly upstream: string;
  /** `ok`, `down`: the session store. */
  readonly store: string;
}

/** `GET <path>/health`: exactly the six fields. 200 also when degraded: the process answers; 503 while it drains. */
export function healthRoute(health: () => Promise<Health>): (req: Request, res: Response) => Promise<void> {
  return async (_req, res) => {
    const { status, version, tools, sessions, upstream, store } = await health();
    res.status(status === "draining" ? 503 : 200).json({ status, version, tools, sessions, upstream, store });
  };
}

/** `GET /healthz`: the process is alive. */
export function livenessRoute(): (req: Request, res: Response) => void {
  return (_req, res) => {
    res.set("cache-control", "no-store").json({ status: "ok" });
  };
}

/** `degraded`: a store is down, and what can be served without it is. `not ready`: traffic should go elsewhere. */
export type Readiness = "ready" | "degraded" | "not ready";

/**
 * `GET /readyz`: 200 when the process can serve, 503 when traffic should go elsewhere.
 * @param strict 503 also when degraded: for who would rather serve nothing than less
 */
export function readinessRoute(
  ready: () => Promise<Readiness>,
  strict: boolean,
): (req: Request, res: Response) => Promise<void> {
  return async (_req, res) => {
    const status = await ready();
    const isReady = status === "ready" || (status === "degraded" && !strict);
    res
      .status(isReady ? 200 : 503)
      .set("cache-control", "no-store")
      .json({ status });
  };
}
