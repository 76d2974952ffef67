import type { ServerResponse } from "node:http";
import type { Socket } from "node:net";

/** The connections of a server, and which of them owe an answer. */
export interface Connections {
  readonly opened: (socket: Socket) => void;
  /** Tells that a request arrived whose answer this is. It is owed until its last byte has been handed to the system. */
  readonly answering: (res: ServerResponse) => void;
  /** Closes those that owe nothing and on which nothing has begun to arrive. */
  readonly closeIdle: () => void;
  /** Closes all. */
  readonly cut: () => void;
}

interface Connection {
  owed: number;
  /** Bytes that had been read when its last answer had left: more of them belong to a request that is on its way. */
  settledBytes: number;
}

/**
 * Node's own `closeIdleConnections`, which its `Server.close` calls too, takes a connection for idle as soon as the last byte
 * of an answer has been written, and destroys it with whatever a slow client has not taken yet.
 */
export function trackConnections(): Connections {
  const connections = new Map<Socket, Connection>();
  return {
    opened: (socket) => {
      connections.set(socket, { owed: 0, settledBytes: 0 });
      socket.once("close", () => connections.delete(socket));
    },
    answering: (res) => {
      const { req } = res;
      const connection = connections.get(req.socket);
      if (connection === undefined) return;
      connection.owed += 1;
      const settle = (): void => {
        connection.settledBytes = req.socket.bytesRead;
      };
      res.once("close", () => {
        connection.owed -= 1;
        settle();
        // A refusal may leave before the body it refuses has come.
        if (!req.complete) req.once("end", settle);
      });
    },
    closeIdle: () => {
      for (const [socket, { owed, settledBytes }] of connections)
        if (owed === 0 && socket.bytesRead === settledBytes && socket.writableLength === 0) socket.destroy();
    },
    cut: () => {
      for (const socket of connections.keys()) socket.destroy();
    },
  };
}
