import type { Operation } from "../model.ts";
import { bodySchema, jsonOf, propertiesOf, successOf } from "../schemas.ts";
import { type PathIndex, siblingsOf } from "./pathIndex.ts";
import { rpcPath } from "./place.ts";

/** Why no Tool is made of the Operation, as one sentence; undefined when one is. */
export function skipReason(operation: Operation, index: PathIndex): string | undefined {
  return (
    skippedMethod(operation, index) ??
    (isGraphql(operation, index) ? "a GraphQL endpoint: its operations are in queries, not in paths" : undefined) ??
    (isConnectTwin(operation, index) ? "the GET twin of an RPC method whose POST is a tool" : undefined) ??
    (isStream(operation) ? "answers an endless stream, which no tool result can hold" : undefined)
  );
}

function skippedMethod(operation: Operation, index: PathIndex): string | undefined {
  const { method, path } = operation;
  if (method === "TRACE") return "TRACE echoes a request and holds no data of the API";
  if (method === "HEAD") {
    const hasGet = siblingsOf(index, path).some((sibling) => sibling.method === "GET");
    return hasGet ? "HEAD answers no body; the GET at the same path is a tool" : "HEAD answers no body";
  }
  const answersJson = jsonOf(successOf(operation)?.content ?? []) !== undefined;
  return method === "OPTIONS" && !answersJson ? "OPTIONS describes the communication, not data of the API" : undefined;
}

/** By its path, or by a body that is a GraphQL request. https://graphql.github.io/graphql-over-http/draft/#sec-Request-Parameters */
function isGraphql(operation: Operation, { document }: PathIndex): boolean {
  if (operation.method !== "POST" && operation.method !== "GET") return false;
  if (/(^|\/)(graphql|gql)$/i.test(operation.path)) return true;
  const names = Object.keys(propertiesOf(document, bodySchema(operation)));
  return names.includes("query") && names.includes("variables") && names.every((name) => graphqlNames.has(name));
}

const graphqlNames: ReadonlySet<string> = new Set(["query", "variables", "operationName", "extensions"]);

function isConnectTwin({ method, path }: Operation, index: PathIndex): boolean {
  return method === "GET" && rpcPath.test(path) && siblingsOf(index, path).some((sibling) => sibling.method === "POST");
}

/** Kubernetes says `watch`; elsewhere every declared media type of the answer is one of events. */
function isStream(operation: Operation): boolean {
  const action = operation.extensions["x-kubernetes-action"];
  if (action === "watch" || action === "watchlist") return true;
  const content = successOf(operation)?.content ?? [];
  return content.length > 0 && content.every(({ mediaType }) => /^text\/event-stream\b/i.test(mediaType));
}
