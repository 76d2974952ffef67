import type { GenerateReport } from "./main.ts";
import type { Manifest, ManifestOperation } from "./model.ts";
import { hasChanges } from "./write.ts";

type Made = Extract<ManifestOperation, { readonly tool: string }>;

/** Decisions below this are worth a look. */
const lowConfidence = 0.6;
/** Lines of one section; the manifest has them all. */
const maxLines = 20;

/** What generation came to, for a person to read: counts, then what deserves a look, then the files. */
export function renderReport(report: GenerateReport): string {
  const { manifest, name, spec } = report;
  const { counts } = manifest;
  const title = `${name}: ${manifest.spec.title} ${manifest.spec.version} (OpenAPI ${manifest.spec.openapi}, ${spec})`;
  const summary = `${counts.operations} operations → ${counts.tools} tools in ${counts.resources} resource types`;
  const made = manifest.operations.filter((one): one is Made => "tool" in one);
  return [
    title,
    `  ${summary}`,
    `  ${kindsLine(manifest)}`,
    ...section("Signals disagree; taken for actions", made.flatMap(warningLine)),
    ...section("Low confidence; an override in gateway.yaml settles it", made.flatMap(doubtLine)),
    ...section("Skipped", manifest.operations.flatMap(skippedLine)),
    ...section(
      "Loosened: the tools allow more than the document",
      manifest.loosened.map(({ at, what }) => `${at}: ${what}`),
    ),
    ...filesLines(report),
  ].join("\n");
}

function kindsLine({ counts }: Manifest): string {
  const kinds = ["list", "count", "get", "create", "update", "delete", "action"];
  const derived = (counts.derived ?? 0) > 0 ? ` (${counts.derived} of the counts by their list)` : "";
  return kinds.map((kind) => `${kind} ${counts[kind] ?? 0}`).join(" · ") + derived;
}

function warningLine(one: Made): string[] {
  return one.warning === undefined ? [] : [`${place(one)} → ${one.tool}: ${one.warning}`];
}

function doubtLine(one: Made): string[] {
  if (one.confidence >= lowConfidence || one.warning !== undefined) return [];
  const why = one.evidence.length === 0 ? "no evidence" : one.evidence.join("; ");
  return [`${place(one)} → ${one.tool} (${one.kind}, ${one.effect}, ${one.confidence.toFixed(2)}): ${why}`];
}

function skippedLine(one: ManifestOperation): string[] {
  return "skipped" in one ? [`${place(one)}: ${one.skipped}`] : [];
}

function place({ method, path }: ManifestOperation): string {
  return `${method} ${path}`;
}

function section(title: string, lines: readonly string[]): string[] {
  if (lines.length === 0) return [];
  const rest = lines.length > maxLines ? [`    … and ${lines.length - maxLines} more, in manifest.json`] : [];
  return [
    `  ${title} (${lines.length}):`,
    ...lines.slice(0, maxLines).map((line) => `    ${printable(line)}`),
    ...rest,
  ];
}

/** Text of the Spec may hold what moves a terminal's cursor. */
function printable(text: string): string {
  return text.replace(/\p{C}/gu, "�").slice(0, 400);
}

function filesLines({ changes, mode, out, name }: GenerateReport): string[] {
  const { added, changed, removed, unchanged } = changes;
  const numbers = `${added.length} new, ${changed.length} changed, ${removed.length} removed, ${unchanged} unchanged`;
  if (mode === "write") return [`  ${out}: ${hasChanges(changes) ? numbers : "up to date"}`];
  if (!hasChanges(changes)) return [`  ${out}: up to date`];
  if (mode === "dry-run") return [`  ${out} would change: ${numbers}`];
  const stale = [
    ...added.map((path) => `missing ${path}`),
    ...changed.map((path) => `changed ${path}`),
    ...removed.map((path) => `left over ${path}`),
  ];
  return [
    `  ${out} is stale: ${numbers}`,
    ...section(`Stale files of ${name}`, stale),
    "  Run `npm run generate` (or `specgate generate`) and commit the result.",
  ];
}
