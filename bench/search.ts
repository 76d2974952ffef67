import { createSearch } from "../src/catalog/search/search.ts";
import type { Tool } from "../src/catalog/tool.ts";
import type { OperationKind } from "../src/descriptor.ts";

// `npm run bench:search`: how long search takes over catalogs of more and more tools, made of nouns that share their words.

const parts = {
  of: "Account Agent Alert Backup Branch Campaign Cluster Contract Customer Device Document Domain Event Folder Incident Invoice".split(
    " ",
  ),
  what: "Member Note Owner Policy Rule Schedule State Template Timeline Token Variable Version View Webhook Window Zone".split(
    " ",
  ),
  where:
    "Archive Billing Cloud Data Edge Field Fleet Global Grid Home Lab Market Mobile Office Partner Portal Public Region".split(
      " ",
    ),
};
const kinds: readonly OperationKind[] = ["list", "count", "get", "create", "update", "delete"];
const questions = [
  "which owners does the invoice have",
  "add a comment to the outage in the cloud",
  "how many rules are there for devices",
  "delete the schedule of the fleet",
  "who is responsible for the cluster backup",
  "give me a recipe for lasagne",
];

for (const size of [711, 10_000, 30_000]) {
  const tools = toolsOf(size);
  const start = performance.now();
  const search = createSearch(tools);
  const built = performance.now() - start;
  for (const question of questions) search(question);
  const times = Array.from({ length: 600 }, (_one, at) => {
    const before = performance.now();
    search(questions[at % questions.length] ?? "", { limit: 5 });
    return performance.now() - before;
  }).sort((a, b) => a - b);
  const at = (share: number): string => (times[Math.floor(times.length * share)] ?? 0).toFixed(2);
  process.stdout.write(
    `${String(size).padStart(6)} tools: p50 ${at(0.5)} ms, p95 ${at(0.95)} ms, p99 ${at(0.99)} ms; index built in ${built.toFixed(0)} ms\n`,
  );
}

function toolsOf(size: number): readonly Tool[] {
  const { of, what, where } = parts;
  const nouns = where.flatMap((place) => of.flatMap((one) => what.map((other) => `${place}${one}${other}`)));
  return nouns.flatMap((noun) => kinds.map((kind) => toolOf(noun, kind))).slice(0, size);
}

function toolOf(resource: string, kind: OperationKind): Tool {
  const name = `${kind}_${resource.replace(/(?<=[a-z])(?=[A-Z])/g, "_").toLowerCase()}`;
  const fields = Object.fromEntries(
    ["name", "status", "ownerId", "startsAt", "notes"].map((field) => [
      field,
      { description: `The ${field} of this ${resource}.` },
    ]),
  );
  const noun = {
    name: resource,
    plural: `${resource}s`,
    title: resource,
    description: `Manage ${resource}.`,
    fields,
    tools: {},
    actions: {},
  };
  const spec = {
    name,
    kind,
    effect: "read" as const,
    description: "",
    operation: { id: name, method: "GET" as const, path: "/" },
  };
  const api = {
    name: "bench",
    title: "",
    version: "1",
    securitySchemes: {},
    security: [],
    schemas: {},
    resources: [noun],
  };
  const annotations = {
    title: name,
    readOnlyHint: true,
    destructiveHint: false,
    idempotentHint: true,
    openWorldHint: false,
  };
  const definition = { name, title: name, description: "", inputSchema: { type: "object" as const }, annotations };
  return { name, aliases: [], resource, kind, effect: "read", origin: { api, resource: noun, spec }, definition };
}
