import { setTimeout as sleep } from "node:timers/promises";
import type { Call, HandTool, Outcome } from "../../src/calls/call.ts";
import { handTool } from "../http/handTools.ts";

/**
 * Tools for what no Tool of Beacon does by itself: ask before they write, run until they are cancelled, and say many things
 * before they answer. They write into Beacon with the caller's own key, so that every effect is a row there. `mark` is what the
 * client wants to hear back, and nobody else may.
 */
export function askingTools(beacon: string): readonly HandTool[] {
  const text = { type: "string" } as const;
  const properties = { name: text, mark: text };
  return [
    handTool("ask_label", (call) => askLabel(beacon, call), {
      effect: "write",
      properties,
      required: ["name", "mark"],
    }),
    handTool("wait_label", (call) => waitLabel(beacon, call), {
      effect: "write",
      properties: { ...properties, milliseconds: { type: "integer" } },
      required: ["name", "mark", "milliseconds"],
    }),
    handTool("talk_label", talkLabel, {
      properties: { mark: text, count: { type: "integer" }, pauseMs: { type: "integer" } },
      required: ["mark", "count", "pauseMs"],
    }),
  ];
}

/** Creates the label after a yes. */
async function askLabel(beacon: string, call: Call): Promise<Outcome> {
  const { name, mark } = call.args as { readonly name: string; readonly mark: string }; // validated
  const [answer] = await call.ask([
    {
      key: "confirm",
      method: "elicitation/create",
      params: {
        message: `${mark} Create ${name}?`,
        requestedSchema: { type: "object", properties: { yes: { type: "boolean" } }, required: ["yes"] },
      },
    },
  ]);
  const isYes = answer?.action === "accept" && (answer.content as { yes?: boolean } | undefined)?.yes === true;
  if (!isYes) return { structured: { mark, name, created: false } };
  return { structured: { mark, name, created: true, id: await createLabel(beacon, call, name) } };
}

/** Creates the label when its time has come, unless it is cancelled before. Tells that it runs as soon as it does. */
async function waitLabel(beacon: string, call: Call): Promise<Outcome> {
  const { name, mark, milliseconds } = call.args as {
    readonly name: string;
    readonly mark: string;
    readonly milliseconds: number;
  }; // validated
  call.notify({ type: "log", level: "info", data: { mark, running: true } });
  const waited = await sleep(milliseconds, true, { signal: call.signal }).catch(() => false);
  if (!waited) return { structured: { mark, name, stopped: true } };
  return { structured: { mark, name, stopped: false, id: await createLabel(beacon, call, name) } };
}

async function talkLabel({ args, notify }: Call): Promise<Outcome> {
  const { mark, count, pauseMs } = args as { readonly mark: string; readonly count: number; readonly pauseMs: number }; // validated
  for (let number = 1; number <= count; number++) {
    notify({ type: "log", level: "info", data: { mark, number } });
    await sleep(pauseMs);
  }
  return { structured: { mark, count } };
}

async function createLabel(beacon: string, { principal }: Call, name: string): Promise<unknown> {
  const response = await fetch(`${beacon}/labels`, {
    method: "POST",
    headers: { "content-type": "application/json", "x-api-key": principal.credential?.reveal() ?? "" },
    body: JSON.stringify({ name }),
  });
  if (response.status !== 201) throw new Error(`Beacon answered ${response.status}`);
  return ((await response.json()) as { readonly id?: unknown }).id; // Beacon's own document says so
}
