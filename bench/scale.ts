import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { gunzipSync } from "node:zlib";
import { type Command, runToEnd, startTarget } from "./process.ts";
import { type Goal, goalOf } from "./report.ts";

/** What generating and starting took, or the one line that says why it was not measured. */
export interface Scale {
  readonly goals: readonly Goal[];
  readonly skipped: readonly string[];
}

const documentFile = resolve(import.meta.dirname, "../../shared/specs/oneuptime-2025-06-26.openapi.json.gz");

/**
 * Generates the real OneUptime document (711 operations) with the published command and starts the gateway on the result, which
 * needs no upstream. Peak memory is that of the command's whole process.
 */
export async function measureOneUptime(folder: string, program: string): Promise<Scale> {
  if (!existsSync(documentFile))
    return { goals: [], skipped: [`SKIPPED: ${documentFile} not found (OneUptime document)`] };
  const api = join(folder, "openapi", "oneuptime");
  mkdirSync(api, { recursive: true });
  writeFileSync(join(api, "openapi.json"), gunzipSync(readFileSync(documentFile)));
  writeFileSync(join(api, "gateway.yaml"), "api: oneuptime\nupstreams:\n  default:\n    url: http://127.0.0.1:9\n");
  const generated = await generate({ args: [program, "generate", "--allow-conflicts"], cwd: folder });
  const serve = [program, "serve", "--config", "openapi/oneuptime/gateway.yaml", "--port", "0"];
  const readyMs = await startTime({ args: serve, cwd: folder });
  return {
    goals: [
      goalOf("generate OneUptime's 711 operations", generated.seconds, 5, "s"),
      goalOf("generate OneUptime's 711 operations", generated.peakBytes / 1e9, 1, "GB"),
      goalOf("gateway ready with OneUptime's tools", readyMs / 1000, 1, "s"),
    ],
    skipped: [],
  };
}

/** Runs a generating command to its end. Throws with what it wrote when it failed. */
export async function generate(command: Command): Promise<{ readonly seconds: number; readonly peakBytes: number }> {
  const { code, seconds, peakBytes, output } = await runToEnd(command);
  if (code !== 0) throw new Error(`node ${command.args.join(" ")} ended with code ${code}\n${output}`);
  return { seconds, peakBytes };
}

/** The median of three starts, because the first reads every file from the disk. */
async function startTime(command: Command): Promise<number> {
  const times: number[] = [];
  while (times.length < 3) {
    const target = await startTarget(command);
    times.push(target.readyMs);
    await target.stop();
  }
  return times.sort((a, b) => a - b)[1] ?? 0;
}
