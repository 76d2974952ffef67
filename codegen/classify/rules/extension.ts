import type { CrudKind } from "../../../src/descriptor.ts";
import { isObject } from "../../schemas.ts";
import { cutTail } from "../place.ts";
import type { Finding, Rule } from "../rule.ts";

const kubernetesKinds: Readonly<Record<string, CrudKind>> = {
  list: "list",
  get: "get",
  post: "create",
  patch: "update",
  delete: "delete",
};

/** The author's own word about an Operation, in an `x-` key. */
export const extension: Rule = {
  name: "extension",
  title: "Extension",
  sentence: "`x-kubernetes-action` says what an Operation does, and its group-version-kind what it is about.",
  source: "https://kubernetes.io/docs/reference/using-api/api-concepts/#api-verbs",
  examples: [
    { given: "GET /api/v1/pods", extensions: { "x-kubernetes-action": "list" }, kind: "list" },
    { given: "PUT /api/v1/pods/{name}", extensions: { "x-kubernetes-action": "put" }, kind: "update" },
    {
      given: "DELETE /api/v1/pods",
      extensions: { "x-kubernetes-action": "deletecollection" },
      kind: "action",
      effect: "destroy",
    },
    {
      given: "GET /api/v1/pods/{name}/exec",
      extensions: { "x-kubernetes-action": "connect" },
      kind: "action",
      effect: "write",
    },
  ],
  read({ operation, place }) {
    const action = operation.extensions["x-kubernetes-action"];
    if (typeof action !== "string") return [];
    const resource = groupKind(operation.extensions["x-kubernetes-group-version-kind"], place.nouns, place.ids);
    const base = {
      weight: 1,
      because: `x-kubernetes-action is "${action}"`,
      ...(resource !== undefined && { resource }),
    };
    return [finding(action, base, place.nouns.at(-1))];
  },
};

function finding(action: string, base: Pick<Finding, "weight" | "because" | "resource">, noun = ""): Finding {
  const kind = kubernetesKinds[action];
  if (kind !== undefined) return { ...base, kind };
  if (action === "put") return { ...base, kind: "update" };
  if (action === "deletecollection") return { ...base, kind: "action", verb: "bulk_delete", effect: "destroy" };
  // `connect` opens exec, attach, port-forward and proxy: whatever the method, the peer may change anything.
  const verb = action === "connect" ? `connect_${noun.toLowerCase()}` : action;
  return { ...base, kind: "action", verb: verb.replace(/[^a-z0-9]+/g, "_").replace(/_$/, ""), effect: "write" };
}

/** The kind (`Pod`); a subresource of it (`/status`, `/log`) is named after both. */
function groupKind(value: unknown, nouns: readonly string[], ids: readonly string[]): string | undefined {
  if (!isObject(value) || typeof value.kind !== "string") return undefined;
  const last = nouns.at(-1) ?? "";
  const isSubresource = ids.length === 0 && subresources.has(last);
  const sub = cutTail(last).noun;
  return isSubresource ? `${value.kind}${sub.charAt(0).toUpperCase()}${sub.slice(1)}` : value.kind;
}

const subresources: ReadonlySet<string> = new Set("status scale log".split(" "));
