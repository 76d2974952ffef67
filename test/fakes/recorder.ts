import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";

/** One request as it arrived. */
export interface Recorded {
  readonly method: string;
  /** Raw path and query. */
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** What a {@link Recorder} answers. */
export interface Answer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

/** An upstream that writes down what it is sent. */
export interface Recorder {
  readonly url: string;
  /** In order of arrival. */
  readonly requests: readonly Recorded[];
  readonly last: () => Recorded;
  readonly close: () => Promise<void>;
}

/** A real HTTP server on a free port that records each request and answers as `answer` says. */
export async function startRecorder(answer: (request: Recorded) => Answer | Promise<Answer>): Promise<Recorder> {
  const requests: Recorded[] = [];
  const server = createServer((req, res) => {
    const chunks: Buffer[] = [];
    req.on("data", (chunk: Buffer) => chunks.push(chunk));
    req.on("end", async () => {
      const { method = "", url = "", headers } = req;
      const request = { method, url, headers, body: Buffer.concat(chunks) };
      requests.push(request);
      const { status = 200, headers: sent = {}, body = "" } = await answer(request);
      res.writeHead(status, sent).end(body);
    });
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    last: () => {
      const last = requests.at(-1);
      if (last === undefined) throw new Error("nothing has arrived");
      return last;
    },
    close: () =>
      new Promise((closed) => {
        server.close(() => closed());
        server.closeAllConnections();
      }),
  };
}
