import { randomUUID } from "node:crypto";
import { GatewayError } from "../../errors.ts";
import { isObject } from "../../mcp/params.ts";
import { type Answer, answers, assertCanAnswer, maxRounds, type Question } from "../../mcp/questions.ts";
import type { Sessions } from "../../session/port.ts";

export interface SessionAskOptions {
  readonly sessions: Sessions;
  readonly sessionId: string;
  readonly capabilities: Readonly<Record<string, unknown>>;
  readonly signal: AbortSignal;
  /** Sends one JSON-RPC message on the stream of the POST. */
  readonly send: (message: string) => Promise<void>;
  /** Waits without counting as work in flight: people take their time. */
  readonly aside: <Value>(waiting: Promise<Value>) => Promise<Value>;
}

/** How long a question waits (protocol.md §5.5). */
const answerMs = 600_000;

/**
 * `ask` of the session era: real requests to the client on the stream of its POST. Their ids are UUIDs, and each answer is
 * stored under its own, so that no answer ever reaches another question (protocol.md §7.4). Throws `confirmation_required`
 * when the client cannot or does not answer.
 */
export function createSessionAsk(
  options: SessionAskOptions,
): (questions: readonly Question[]) => Promise<readonly Answer[]> {
  let rounds = 0;
  return async (questions) => {
    assertCanAnswer(questions, options.capabilities, "session");
    rounds += 1;
    if (rounds > maxRounds) throw unanswered(`there were ${maxRounds} rounds of questions without a valid answer`);
    const failed = new AbortController();
    const signal = AbortSignal.any([options.signal, failed.signal]);
    const asked = Promise.all(questions.map((question) => askOne(question, { ...options, signal })));
    // Once for the request, however many questions it asks. One without a good answer closes the others.
    return options.aside(asked).finally(() => failed.abort());
  };
}

async function askOne(
  question: Question,
  { sessions, sessionId, signal, send }: Omit<SessionAskOptions, "aside">,
): Promise<Answer> {
  const id = randomUUID();
  // Open before it is sent: an answer may be quicker than we are.
  await sessions.openQuestion(sessionId, id, answerMs);
  const { method, params } = question;
  const waiting = sessions.awaitAnswer(sessionId, id, signal);
  // It may fail before anybody awaits it, while the question is being sent.
  waiting.catch(() => undefined);
  await send(JSON.stringify({ jsonrpc: "2.0", id, method, params }));
  const message = await waiting;
  if (!isObject(message)) throw unanswered("the user did not answer in time");
  if (!isObject(message.result)) throw unanswered("the client refused the question");
  if (!answers(question, message.result)) throw unanswered("the client's answer does not fit the question");
  return message.result;
}

function unanswered(why: string): GatewayError {
  return new GatewayError("confirmation_required", `the call was not carried out: ${why}`);
}
