import { Dispatcher } from "undici";

/** A request as it would have gone onto the wire. */
export interface Recorded {
  readonly method: string;
  /** Path and query, as sent. */
  readonly path: string;
  /** Lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array | undefined;
}

/** What the recorder answers with, always 200. */
export interface RecorderAnswer {
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: unknown;
}

/** Changes a request on its way, as a fault in the serialiser would. */
export type Tamper = (request: Recorded) => Recorded;

/**
 * Stands where the connections to the upstream would: writes down what is sent and answers at once. Everything up to the socket
 * is the gateway's own.
 */
export class Recorder extends Dispatcher {
  readonly requests: Recorded[] = [];
  readonly tamper: Tamper;
  /** What the next requests are answered with. */
  answer: (request: Recorded) => RecorderAnswer = () => ({ body: {} });

  constructor(tamper: Tamper = (request) => request) {
    super();
    this.tamper = tamper;
  }

  override dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
    const request = this.tamper(recorded(options));
    this.requests.push(request);
    const { headers = {}, body } = this.answer(request);
    const controller = { aborted: false, paused: false, reason: null, abort() {}, pause() {}, resume() {} };
    queueMicrotask(() => {
      handler.onRequestStart?.(controller, {});
      handler.onResponseStart?.(controller, 200, { "content-type": "application/json", ...headers }, "OK");
      handler.onResponseData?.(controller, Buffer.from(JSON.stringify(body)));
      handler.onResponseEnd?.(controller, {});
    });
    return true;
  }

  /** The requests since the last time. */
  take(): readonly Recorded[] {
    return this.requests.splice(0);
  }
}

function recorded({ method, path, headers, body }: Dispatcher.DispatchOptions): Recorded {
  const given = Object.entries((headers ?? {}) as Readonly<Record<string, string>>); // the upstream client hands over a plain record
  if (body !== null && body !== undefined && typeof body !== "string" && !(body instanceof Uint8Array)) {
    throw new Error("the recorder reads bodies that are whole");
  }
  return {
    method,
    path,
    headers: Object.fromEntries(given.map(([name, value]) => [name.toLowerCase(), String(value)])),
    body: body ?? undefined,
  };
}
