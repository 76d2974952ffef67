import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { exportJWK, generateKeyPair, type JWK, SignJWT } from "jose";
import { onTestFinished } from "vitest";

/** Somebody else's authorization server: metadata, keys, token exchange. */
export interface TestProvider {
  readonly issuer: string;
  /** Requests by path. */
  readonly asked: Map<string, number>;
  /** Bodies of token exchanges, with the header that authenticated them. */
  readonly exchanges: { readonly body: URLSearchParams; readonly authorization: string | undefined }[];
  /** What the exchange answers. Default: a token that lives 300 s. */
  readonly answer: { status: number; body: unknown };
  /** While true nothing is answered. */
  readonly state: { away: boolean };
  /** A token of its key, by default a good one. `undefined` removes a claim. */
  readonly issue: (
    claims?: Readonly<Record<string, unknown>>,
    header?: { readonly kid?: string; readonly typ?: string },
  ) => Promise<string>;
  /** From now on it signs with, and publishes, another key beside. */
  readonly rotate: () => Promise<void>;
  readonly publicKey: () => JWK;
}

export const audience = "https://gw.example/mcp";

export async function startProvider(more: object = {}): Promise<TestProvider> {
  const asked = new Map<string, number>();
  const exchanges: TestProvider["exchanges"] = [];
  const answer: TestProvider["answer"] = {
    status: 200,
    body: { access_token: "upstream-token", expires_in: 300, token_type: "Bearer" },
  };
  const state = { away: false };
  const published: JWK[] = [];
  let signing: { readonly kid: string; readonly key: CryptoKey };
  const rotate = async (): Promise<void> => {
    const pair = await generateKeyPair("ES256");
    const kid = `k${published.length + 1}`;
    published.push({ ...(await exportJWK(pair.publicKey)), kid, alg: "ES256", use: "sig" });
    signing = { kid, key: pair.privateKey };
  };
  await rotate();
  let issuer = "";
  const serve = async (req: IncomingMessage, res: ServerResponse): Promise<void> => {
    const path = req.url ?? "";
    asked.set(path, (asked.get(path) ?? 0) + 1);
    if (state.away) return void res.destroy();
    const json = (status: number, body: unknown): void =>
      void res.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
    if (path === "/.well-known/oauth-authorization-server")
      return json(200, { issuer, jwks_uri: `${issuer}/jwks`, token_endpoint: `${issuer}/token`, ...more });
    if (path === "/jwks") return json(200, { keys: published });
    if (path !== "/token") return json(404, {});
    const chunks: Buffer[] = [];
    for await (const chunk of req) chunks.push(chunk as Buffer);
    exchanges.push({
      body: new URLSearchParams(Buffer.concat(chunks).toString()),
      authorization: req.headers.authorization,
    });
    json(answer.status, answer.body);
  };
  const server = createServer((req, res) => void serve(req, res));
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  issuer = `http://localhost:${(server.address() as AddressInfo).port}`;
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return {
    issuer,
    asked,
    exchanges,
    answer,
    state,
    rotate,
    publicKey: () => published[0] as JWK, // there is one from the start
    issue: (claims = {}, { kid = signing.kid, typ = "at+jwt" } = {}) => {
      const nowS = Math.floor(Date.now() / 1_000);
      const all = { iss: issuer, aud: audience, sub: "u1", exp: nowS + 300, iat: nowS, scope: "mcp.read", ...claims };
      return new SignJWT(all).setProtectedHeader({ alg: "ES256", kid, typ }).sign(signing.key);
    },
  };
}
