import type { Keys } from "../../auth/keys.ts";
import { GatewayError } from "../../errors.ts";
import type { PendingInput } from "../../mcp/context.ts";
import { isObject } from "../../mcp/params.ts";
import { type Answer, answers, assertCanAnswer, maxRounds, type Question } from "../../mcp/questions.ts";
import { rpc } from "../../mcp/versions.ts";
import { openState, type RequestState, type StateBinding, sealState } from "./requestState.ts";

/** `ask` of one stateless request, and what it needs from the client once it threw. */
export interface StatelessAsk {
  readonly ask: (questions: readonly Question[]) => Promise<readonly Answer[]>;
  readonly pendingInput: () => PendingInput | null;
}

export interface StatelessAskOptions {
  readonly keys: Keys;
  readonly binding: StateBinding;
  readonly capabilities: Readonly<Record<string, unknown>>;
  readonly nowMs: number;
}

const noState: RequestState = { asked: [], answers: {}, round: 0 };

/**
 * Questions as the stateless era knows them: the request ends with `input_required`, and the client sends it again with its
 * answers and our signed state. An answer counts only for a question that the state says was asked; answers of earlier
 * rounds travel in the state. Throws -32602 for a state that is not valid for this request.
 */
export function createStatelessAsk(options: StatelessAskOptions): StatelessAsk {
  const { keys, binding, capabilities, nowMs } = options;
  const { requestState, inputResponses } = binding.params;
  const state = requestState === undefined ? noState : openState(keys, requestState, binding, nowMs);
  const responses = isObject(inputResponses) ? inputResponses : {};
  const answerTo = ({ key, unasked }: Question): unknown => {
    const counts = unasked === true || state.asked.includes(key);
    if (counts && Object.hasOwn(responses, key)) return responses[key];
    return Object.hasOwn(state.answers, key) ? state.answers[key] : undefined;
  };
  let pending: PendingInput | null = null;
  const used = new Map<string, Answer>();
  return {
    ask: async (questions) => {
      assertCanAnswer(questions, capabilities, "stateless");
      for (const question of questions) {
        const answer = answerTo(question);
        if (answers(question, answer)) used.set(question.key, answer);
      }
      const open = questions.filter(({ key }) => !used.has(key));
      if (open.length === 0) return questions.map(({ key }) => used.get(key) as Answer);
      if (state.round >= maxRounds) throw tooManyRounds();
      const next = { asked: open.map(({ key }) => key), answers: Object.fromEntries(used), round: state.round + 1 };
      pending = {
        inputRequests: Object.fromEntries(open.map(({ key, method, params }) => [key, { method, params }])),
        requestState: sealState(keys, next, binding, nowMs),
      };
      throw new GatewayError("confirmation_required", "the call waits for the user's answer");
    },
    pendingInput: () => pending,
  };
}

function tooManyRounds(): GatewayError {
  return new GatewayError("invalid_request", `no valid answer in ${maxRounds} rounds`, { rpcCode: rpc.invalidParams });
}
