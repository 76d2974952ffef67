import type { CrudKind } from "../../../src/descriptor.ts";
import { isObject } from "../../schemas.ts";
import { pascal, snake, splitWords } from "../../words.ts";
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
  read({ operation }) {
    const action = operation.extensions["x-kubernetes-action"];
    if (typeof action !== "string") return [];
    const resource = groupKind(operation.extensions["x-kubernetes-group-version-kind"], operation.path);
    const base = {
      weight: 1,
      because: `x-kubernetes-action is "${action}"`,
      ...(resource !== undefined && { resource }),
    };
    return [finding(action, base, operation.path.split("/").at(-1))];
  },
};

function finding(action: string, base: Pick<Finding, "weight" | "because" | "resource">, noun = ""): Finding {
  const kind = kubernetesKinds[action];
  if (kind !== undefined) return { ...base, kind };
  if (action === "put") return { ...base, kind: "update" };
  if (action === "deletecollection") return { ...base, kind: "action", verb: "bulk_delete", effect: "destroy" };
  // `connect` opens exec, attach, port-forward and proxy: whatever the method, the peer may change anything.
  // Its kind is that of the options (`PodExecOptions`), so the noun comes from the path.
  if (action === "connect")
    return {
      weight: 1,
      because: base.because,
      kind: "action",
      verb: `connect_${snake(splitWords(noun))}`,
      effect: "write",
    };
  return { ...base, kind: "action", verb: snake(splitWords(action)), effect: "write" };
}

/** The kind (`Pod`); a subresource of it (`/status`, `/log`) is named after both. */
function groupKind(value: unknown, path: string): string | undefined {
  if (!isObject(value) || typeof value.kind !== "string") return undefined;
  const last = path.split("/").at(-1) ?? "";
  return subresources.has(last) ? value.kind + pascal([last]) : value.kind;
}

const subresources: ReadonlySet<string> = new Set("status scale log".split(" "));
