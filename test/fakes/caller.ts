/** What a `tools/call` came to. */
export interface Called {
  /** `structuredContent`; empty for an error. */
  readonly structured: Readonly<Record<string, unknown>>;
  /** The first text block. */
  readonly text: string;
  readonly isError: boolean;
  /** `code`, `message`, `next` and `retryable` of an error result. */
  readonly error: Readonly<Record<string, unknown>>;
}

/** A tool as `tools/list` serves it. */
export interface ServedTool {
  readonly name: string;
  readonly title?: string;
  readonly description: string;
  readonly inputSchema: SchemaView;
  readonly outputSchema?: SchemaView;
  readonly annotations: Readonly<Record<string, unknown>>;
}

/** The parts of a JSON Schema that tests look at. */
export interface SchemaView {
  readonly type?: string;
  readonly properties?: Readonly<Record<string, SchemaView>>;
  readonly required?: readonly string[];
  readonly enum?: readonly unknown[];
  readonly items?: SchemaView;
  readonly anyOf?: readonly SchemaView[];
  readonly format?: string;
  readonly default?: unknown;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly description?: string;
  readonly $ref?: string;
  readonly $defs?: Readonly<Record<string, SchemaView>>;
  readonly additionalProperties?: boolean | SchemaView;
}

/** A JSON-RPC answer over HTTP. */
export interface RpcAnswer {
  readonly status: number;
  readonly result?: Readonly<Record<string, unknown>>;
  readonly error?: { readonly code: number; readonly message: string; readonly data?: unknown };
}

/** Speaks 2026-07-28 with `fetch` alone: what goes over the wire is what stands here. */
export interface Caller {
  readonly request: (method: string, params?: Readonly<Record<string, unknown>>) => Promise<RpcAnswer>;
  /** All pages. */
  readonly listTools: () => Promise<readonly ServedTool[]>;
  readonly call: (name: string, args?: Readonly<Record<string, unknown>>) => Promise<Called>;
}

const version = "2026-07-28";

/** A caller with one key, sent as `x-api-key`; `headers` are added to each request. */
export function callerOf(url: string, key: string, headers: Readonly<Record<string, string>> = {}): Caller {
  let id = 0;
  const request: Caller["request"] = async (method, params = {}) => {
    const called = params.name ?? params.uri;
    const name = typeof called === "string" ? { "mcp-name": called } : {};
    const meta = {
      "io.modelcontextprotocol/protocolVersion": version,
      "io.modelcontextprotocol/clientCapabilities": {},
    };
    const response = await fetch(url, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        accept: "application/json, text/event-stream",
        "mcp-protocol-version": version,
        "mcp-method": method,
        "x-api-key": key,
        ...name,
        ...headers,
      },
      body: JSON.stringify({ jsonrpc: "2.0", id: ++id, method, params: { ...params, _meta: meta } }),
    });
    const answer = (await response.json()) as Omit<RpcAnswer, "status">; // every answer on this path is JSON-RPC or an error body
    return { status: response.status, ...answer };
  };
  return {
    request,
    listTools: async () => {
      const tools: ServedTool[] = [];
      let cursor: unknown;
      do {
        const { result } = await request("tools/list", cursor === undefined ? {} : { cursor });
        tools.push(...((result?.tools ?? []) as readonly ServedTool[])); // the protocol's own shape
        cursor = result?.nextCursor;
      } while (cursor !== undefined);
      return tools;
    },
    call: async (name, args) => calledOf(await request("tools/call", { name, ...(args && { arguments: args }) }), name),
  };
}

/** The result of an answer. Throws for a protocol error, which no test of a tool expects. */
function calledOf(answer: RpcAnswer, name: string): Called {
  if (answer.result === undefined)
    throw new Error(`${name}: HTTP ${answer.status} ${JSON.stringify(answer.error ?? answer)}`);
  const { structuredContent, content, isError } = answer.result as {
    structuredContent?: Readonly<Record<string, unknown>>;
    content: readonly { readonly text?: string }[];
    isError?: boolean;
  }; // the protocol's own shape
  const text = content[0]?.text ?? "";
  return {
    structured: structuredContent ?? {},
    text,
    isError: isError === true,
    error: isError === true ? (JSON.parse(text) as Readonly<Record<string, unknown>>) : {},
  };
}
