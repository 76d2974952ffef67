import {
  Client as ModernClient,
  StreamableHTTPClientTransport as ModernHttp,
  UnauthorizedError as ModernUnauthorized,
  auth as modernAuth,
} from "@modelcontextprotocol/client";
import { auth, UnauthorizedError } from "@modelcontextprotocol/sdk/client/auth.js";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import type {
  OAuthClientInformationMixed,
  OAuthClientMetadata,
  OAuthTokens,
} from "@modelcontextprotocol/sdk/shared/auth.js";
import type { Transport } from "@modelcontextprotocol/sdk/shared/transport.js";

/** What a client keeps of one server, and where it wants its user to go. Both SDKs take it as their `authProvider`. */
export class KeptOAuth {
  readonly redirectUrl: string;
  readonly clientMetadata: OAuthClientMetadata;
  /** Where the user is to go. */
  wanted: URL | undefined;
  kept: OAuthTokens | undefined;
  client: OAuthClientInformationMixed | undefined;
  #verifier = "";

  constructor(name: string, redirectUrl: string) {
    this.redirectUrl = redirectUrl;
    this.clientMetadata = { client_name: name, redirect_uris: [redirectUrl], token_endpoint_auth_method: "none" };
  }

  clientInformation(): OAuthClientInformationMixed | undefined {
    return this.client;
  }

  saveClientInformation(client: OAuthClientInformationMixed): void {
    this.client = client;
  }

  tokens(): OAuthTokens | undefined {
    return this.kept;
  }

  saveTokens(tokens: OAuthTokens): void {
    this.kept = tokens;
  }

  invalidateCredentials(): void {
    this.kept = undefined;
  }

  redirectToAuthorization(url: URL): void {
    this.wanted = url;
  }

  saveCodeVerifier(verifier: string): void {
    this.#verifier = verifier;
  }

  codeVerifier(): string {
    return this.#verifier;
  }
}

/** A client that has its token. */
export interface SdkClient {
  readonly call: (name: string, args?: Readonly<Record<string, unknown>>) => Promise<Readonly<Record<string, unknown>>>;
  readonly listTools: () => Promise<
    readonly { readonly annotations?: { readonly readOnlyHint?: boolean | undefined } | undefined }[]
  >;
  readonly close: () => Promise<void>;
}

/** One SDK with an OAuth client of its own. */
export interface OAuthSdk {
  readonly name: string;
  readonly connect: (url: string, kept: KeptOAuth) => Promise<SdkClient>;
  /** Hands over what came to the callback. */
  readonly finish: (url: string, kept: KeptOAuth, callback: URL) => Promise<void>;
  /** What it does without a request of its own: `REDIRECT` when only the user can help. */
  readonly authorize: (url: string, kept: KeptOAuth) => Promise<string>;
  readonly Unauthorized: new () => Error;
  /** Whether it asks its user for more when it is told which scopes it lacks, though it could refresh what it has. */
  readonly stepsUp: boolean;
}

const info = { name: "sdk-client", version: "1.0.0" };

export const oauthSdks: readonly OAuthSdk[] = [
  {
    name: "v1 SDK",
    connect: async (url, kept) => {
      const client = new Client(info);
      const transport = new StreamableHTTPClientTransport(new URL(url), { authProvider: kept });
      await client.connect(transport as Transport); // the SDK's own class differs from its interface under exactOptionalPropertyTypes
      return {
        call: async (name, args = {}) => ({ ...(await client.callTool({ name, arguments: { ...args } })) }),
        listTools: async () => (await client.listTools()).tools,
        close: () => client.close(),
      };
    },
    finish: (url, kept, callback) =>
      new StreamableHTTPClientTransport(new URL(url), { authProvider: kept }).finishAuth(
        callback.searchParams.get("code") ?? "",
      ),
    authorize: (url, kept) => auth(kept, { serverUrl: url }),
    Unauthorized: UnauthorizedError,
    stepsUp: false,
  },
  {
    name: "v2 SDK",
    connect: async (url, kept) => {
      const client = new ModernClient(info, { versionNegotiation: { mode: { pin: "2026-07-28" } } });
      await client.connect(new ModernHttp(new URL(url), { authProvider: kept }));
      return {
        call: async (name, args = {}) => ({ ...(await client.callTool({ name, arguments: { ...args } })) }),
        listTools: async () => (await client.listTools()).tools,
        close: () => client.close(),
      };
    },
    finish: (url, kept, callback) =>
      new ModernHttp(new URL(url), { authProvider: kept }).finishAuth(callback.searchParams), // checks iss
    authorize: (url, kept) => modernAuth(kept, { serverUrl: url }),
    Unauthorized: ModernUnauthorized,
    stepsUp: true,
  },
];
