import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { availableParallelism, cpus, loadavg, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { laneNames, openLanes, startTargets, type Targets } from "./contest.ts";
import { type Lane, type LoadOptions, type Measured, runLoad } from "./load.ts";
import { type Command, startTarget, type Target } from "./process.ts";
import { goalOf, printReport, type Report, type Row, rowOf } from "./report.ts";
import { measureOneUptime, type Scale } from "./scale.ts";

const { values } = parseArgs({
  options: {
    calls: { type: "string", default: "10000" },
    program: { type: "string", default: resolve(import.meta.dirname, "../dist/src/main.js") },
    json: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});

const help = `npm run bench -- [--calls N] [--json] [--program FILE]
  --calls    measured calls of each lane, after as many to warm up (default: 10000)
  --json     print the report as JSON
  --program  what \`specgate\` runs (default: dist/src/main.js, which \`npm run build\` makes)
`;

if (values.help) process.stdout.write(help);
else {
  const report = await bench(Number(values.calls), resolve(values.program));
  process.stdout.write(`${values.json ? JSON.stringify(report, undefined, 2) : printReport(report)}\n`);
  process.exitCode = report.wrong === 0 ? 0 : 1;
}

/** Starts everything, runs the lanes, then times generating and starting while nothing else runs. Leaves nothing behind. */
async function bench(calls: number, program: string): Promise<Report> {
  if (!(calls >= 1)) throw new Error("--calls is a number from 1");
  if (!existsSync(program)) throw new Error(`${program} is not there: run \`npm run build\` first`);
  const busy = busyNote();
  const folder = mkdtempSync(join(tmpdir(), "specgate-bench-"));
  const started: Target[] = [];
  const start = async (command: Command): Promise<Target> => {
    const target = await startTarget(command);
    started.push(target);
    return target;
  };
  try {
    const targets = await startTargets(folder, program, start);
    const options: LoadOptions = { calls, warmUpCalls: calls, rounds: Math.min(10, calls), concurrency: 64 };
    const measured = await runInTurn(await openLanes(targets), options);
    await Promise.all(started.splice(0).map((target) => target.stop()));
    const scale = await measureOneUptime(join(folder, "oneuptime"), program);
    const report = reportOf(measured, targets, scale, options);
    return { ...report, notes: [...busy, ...report.notes] };
  } finally {
    await Promise.all(started.map((target) => target.stop()));
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * First the lanes of calls, all in turn, then those of lists: an answer of 1.7 MB leaves its process work that the next lane of
 * the same process would be charged with.
 */
async function runInTurn(lanes: readonly Lane[], options: LoadOptions): Promise<readonly Measured[]> {
  const isList = ({ name }: Lane): boolean => name === laneNames.gatewayList || name === laneNames.sdkList;
  const calls = await runLoad(
    lanes.filter((lane) => !isList(lane)),
    options,
  );
  return [...calls, ...(await runLoad(lanes.filter(isList), options))];
}

/** On a busy machine a process pays for the caches that others empty, and the one with the most code pays most. */
function busyNote(): readonly string[] {
  const [load = 0] = loadavg();
  if (load < availableParallelism() / 2) return [];
  return [
    `The machine was busy before the bench began (load ${load.toFixed(1)} on ${availableParallelism()} cores): run it again when it is not.`,
  ];
}

function reportOf(measured: readonly Measured[], { gateway, tools }: Targets, scale: Scale, load: LoadOptions): Report {
  const { calls, lists } = rowsOf(new Map(measured.map((lane) => [lane.name, lane])));
  const gateways = calls.filter(({ name }) => name === laneNames.gateway2026 || name === laneNames.gateway2025);
  return {
    machine: `${availableParallelism()} × ${cpus()[0]?.model.trim() ?? "unknown processor"}, Node ${process.versions.node}, ${process.platform}`,
    notes: notesOf(load),
    calls,
    lists,
    goals: [
      ...gateways.flatMap(({ name, ratios }) => [
        goalOf(`CPU per call, ${name} / bare forwarder`, ratios["cpu/forwarder"] ?? Number.NaN, 2),
        goalOf(`CPU per call, ${name} / SDK server in that era`, ratios["cpu/SDK"] ?? Number.NaN, 0.35),
      ]),
      goalOf(`gateway ready with ${tools.length} tools`, gateway.readyMs / 1000, 1, "s"),
      ...scale.goals,
    ],
    skipped: scale.skipped,
    wrong: measured.reduce((sum, { wrong }) => sum + wrong, 0),
    faults: measured.flatMap(({ name, faults }) => faults.map((fault) => `${name}: ${fault}`)),
  };
}

/** Each lane beside what it is compared with. The SDK server of an era is the one its documentation serves by default. */
function rowsOf(lanes: ReadonlyMap<string, Measured>): {
  readonly calls: readonly Row[];
  readonly lists: readonly Row[];
} {
  const lane = (name: keyof typeof laneNames): Measured => lanes.get(laneNames[name]) as Measured; // openLanes opens every name
  const direct = lane("direct");
  const forwarder = lane("forwarder");
  const in2025 = { direct, forwarder, SDK: lane("sdk2025"), "SDK in memory": lane("sdk2025InMemory") };
  const in2026 = { direct, forwarder, SDK: lane("sdk2026") };
  return {
    calls: [
      rowOf(direct, { direct }),
      rowOf(forwarder, { direct, forwarder }),
      rowOf(lane("gateway2026"), in2026),
      rowOf(lane("gateway2025"), in2025),
      rowOf(lane("sdk2026"), in2026),
      rowOf(lane("sdk2025"), in2025),
      rowOf(lane("sdk2025InMemory"), in2025),
    ],
    lists: [rowOf(lane("gatewayList"), { SDK: lane("sdkList") }), rowOf(lane("sdkList"), { SDK: lane("sdkList") })],
  };
}

function notesOf({ concurrency, rounds, warmUpCalls }: LoadOptions): readonly string[] {
  return [
    `Client, target and API share these ${availableParallelism()} cores, so throughput also holds the client's and the API's work; CPU per call is the target process's alone.`,
    `Closed loop, ${concurrency} requests in flight, ${rounds} rounds with all lanes of calls in turn, then those of lists, ${Math.ceil(warmUpCalls)} calls each before the first.`,
    "The SDK server answers both eras without sessions, as its documentation serves by default; sessions in its memory are faster and bind a client to one process.",
  ];
}
