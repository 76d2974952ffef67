import type { Measured } from "./load.ts";

/** One line of the table. Ratios compare with the same run's other lanes and are what carries over to another machine. */
export interface Row {
  readonly name: string;
  readonly calls: number;
  readonly callsPerSecond: number;
  readonly cpuMicrosPerCall: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly bytesPerAnswer: number;
  readonly ratios: Readonly<Record<string, number>>;
}

/** A figure that Specgate wants to keep, and whether this run did. `limit` is the most it may be. */
export interface Goal {
  readonly name: string;
  readonly value: number;
  readonly limit: number;
  readonly unit: string;
  readonly met: boolean;
}

/** What `npm run bench` found; `--json` prints it as it stands. */
export interface Report {
  readonly machine: string;
  readonly notes: readonly string[];
  readonly calls: readonly Row[];
  readonly lists: readonly Row[];
  readonly goals: readonly Goal[];
  readonly skipped: readonly string[];
  /** Wrong answers of all lanes; anything but 0 makes every figure worthless, and the exit code 1. */
  readonly wrong: number;
  readonly faults: readonly string[];
}

/** A lane's figures as a row. `against` names a lane per ratio: throughput over its throughput, CPU over its CPU. */
export function rowOf(measured: Measured, against: Readonly<Record<string, Measured>>): Row {
  const { name, calls, seconds, cpuMicros, bytes, latenciesMs } = measured;
  const ratios = Object.entries(against).flatMap(([other, lane]) => [
    [`throughput/${other}`, callsPerSecond(measured) / callsPerSecond(lane)],
    [`cpu/${other}`, cpuPerCall(measured) / cpuPerCall(lane)],
  ]);
  return {
    name,
    calls,
    callsPerSecond: calls / seconds,
    cpuMicrosPerCall: cpuMicros / calls,
    p50Ms: percentile(latenciesMs, 0.5),
    p99Ms: percentile(latenciesMs, 0.99),
    bytesPerAnswer: bytes / calls,
    ratios: Object.fromEntries(ratios),
  };
}

/** A Goal from a value and the most it may be. A value that could not be measured meets nothing. */
export function goalOf(name: string, value: number, limit: number, unit = "×"): Goal {
  return { name, value, limit, unit, met: value <= limit };
}

function callsPerSecond({ calls, seconds }: Measured): number {
  return calls / seconds;
}

function cpuPerCall({ calls, cpuMicros }: Measured): number {
  return cpuMicros / calls;
}

function percentile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}

/** The Report as text: ratios first, absolute figures marked as this machine's. */
export function printReport(report: Report): string {
  return [
    "tools/call: one record of 1 KB read, authenticated, arguments validated, every answer checked",
    ...table(report.calls, ["throughput/direct", "cpu/forwarder", "cpu/SDK", "cpu/SDK in memory"], "call"),
    "",
    "tools/list: all tools on one page",
    ...table(report.lists, ["throughput/SDK", "cpu/SDK"], "list"),
    "",
    ...report.goals.map(goalLine),
    ...report.skipped,
    "",
    `Absolute figures (*) are this machine's alone: ${report.machine}.`,
    ...report.notes,
    report.wrong === 0
      ? "Every answer was right."
      : `${report.wrong} WRONG ANSWERS, so no figure counts:\n${report.faults.join("\n")}`,
  ].join("\n");
}

function goalLine({ name, value, limit, unit, met }: Goal): string {
  return `${met ? "met   " : "MISSED"} ${name}: ${value.toFixed(2)} ${unit} (goal: at most ${limit} ${unit})`;
}

function table(rows: readonly Row[], ratios: readonly string[], unit: string): readonly string[] {
  const head = ["", ...ratios, `*${unit}s/s`, `*CPU µs/${unit}`, "*p50 ms", "*p99 ms", "bytes", `${unit}s`];
  const lines = rows.map((row) => [
    row.name,
    ...ratios.map((name) => (row.ratios[name] === undefined ? "" : `${row.ratios[name].toFixed(2)}×`)),
    row.callsPerSecond.toFixed(0),
    row.cpuMicrosPerCall.toFixed(0),
    row.p50Ms.toFixed(1),
    row.p99Ms.toFixed(1),
    row.bytesPerAnswer.toFixed(0),
    String(row.calls),
  ]);
  const widths = head.map((cell, at) => Math.max(cell.length, ...lines.map((line) => line[at]?.length ?? 0)));
  return [head, ...lines].map((line) =>
    line
      .map((cell, at) => (at === 0 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0)))
      .join("  ")
      .trimEnd(),
  );
}
