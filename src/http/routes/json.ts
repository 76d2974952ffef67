import type { NextFunction, Request, RequestHandler, Response } from "express";
import { challengeOf } from "../../auth/challenge.ts";
import { GatewayError, httpStatus } from "../../errors.ts";
import type { Logger } from "../../telemetry/log.ts";

/** A body of another type is left unread by the parser: wishes in it must not be passed over. */
export const assertRead: RequestHandler = (req, _res, next) => {
  const { "content-length": length = "0", "transfer-encoding": encoding } = req.headers;
  if (req.body === undefined && (length !== "0" || encoding !== undefined))
    throw new GatewayError("invalid_request", "send the body as application/json", { status: 415 });
  next();
};

export interface JsonFailureOptions {
  readonly mostBodyBytes: number;
  /** Of the `WWW-Authenticate` header. Absent: there is none, since a browser session is no such scheme. */
  readonly realm?: string;
  readonly log?: Pick<Logger, "error"> | undefined;
}

/** Answers every error as `{ code, message, next? }`. Express knows it by its four parameters. */
export function jsonFailure(
  options: JsonFailureOptions,
): (thrown: unknown, req: Request, res: Response, next: NextFunction) => void {
  return (thrown, req, res, next) => {
    if (res.headersSent) {
      next(thrown);
      return;
    }
    const error = errorOf(thrown, options.mostBodyBytes);
    const { next: advice, retryAfterSeconds, status } = error.facts;
    if (error.code === "internal") options.log?.error({ err: error.facts.cause }, `a request of ${req.baseUrl} failed`);
    if (options.realm !== undefined && (error.code === "unauthenticated" || error.code === "insufficient_scope"))
      res.set("www-authenticate", challengeOf(error, options.realm).header);
    if (retryAfterSeconds !== undefined) res.set("retry-after", String(retryAfterSeconds));
    res
      .status(status ?? httpStatus[error.code])
      .json({ code: error.code, message: error.message, ...(advice !== undefined && { next: advice }) });
  };
}

/** What the body parser throws has a status, and a text that may repeat the body. */
function errorOf(thrown: unknown, mostBodyBytes: number): GatewayError {
  const status = typeof thrown === "object" && thrown !== null && "status" in thrown ? thrown.status : undefined;
  if (status === 413)
    return new GatewayError("invalid_request", `the body is larger than ${mostBodyBytes} bytes`, { status });
  if (typeof status === "number" && status >= 400 && status < 500)
    return new GatewayError("invalid_request", "the body is not JSON that can be read", { status });
  return GatewayError.from(thrown);
}
