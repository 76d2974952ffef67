/** Requests of ours to clients that wait for an answer. Each accepts one answer, while it is open. */
export interface Questions {
  readonly open: (sessionId: string, requestId: string, ttlMs: number) => void;
  readonly answer: (sessionId: string, requestId: string, message: unknown) => boolean;
  readonly wait: (sessionId: string, requestId: string, signal: AbortSignal) => Promise<unknown>;
  /** Drops the questions of a session that is over; whoever waits gets null. */
  readonly forget: (sessionId: string) => void;
  readonly close: () => void;
}

interface Question {
  readonly sessionId: string;
  readonly settle: (answer: unknown) => void;
  readonly answered: Promise<unknown>;
  readonly timer: NodeJS.Timeout;
  done: boolean;
}

/** Keyed by session and request id together: a UUID of another session's question is no question of this one. */
export function createQuestions(): Questions {
  const questions = new Map<string, Question>();
  const keyOf = (sessionId: string, requestId: string): string => `${sessionId}\n${requestId}`;
  const finish = (key: string, answer: unknown): boolean => {
    const question = questions.get(key);
    if (question === undefined || question.done) return false;
    question.done = true;
    clearTimeout(question.timer);
    question.settle(answer);
    return true;
  };
  return {
    open: (sessionId, requestId, ttlMs) => {
      const { promise, resolve } = Promise.withResolvers<unknown>();
      const key = keyOf(sessionId, requestId);
      const timer = setTimeout(() => finish(key, null), ttlMs);
      timer.unref();
      questions.set(key, { sessionId, settle: resolve, answered: promise, timer, done: false });
    },
    answer: (sessionId, requestId, message) => finish(keyOf(sessionId, requestId), message),
    wait: async (sessionId, requestId, signal) => {
      const key = keyOf(sessionId, requestId);
      const question = questions.get(key);
      if (question === undefined) return null;
      const abort = (): boolean => finish(key, null);
      if (signal.aborted) abort();
      signal.addEventListener("abort", abort, { once: true });
      try {
        return await question.answered;
      } finally {
        signal.removeEventListener("abort", abort);
        questions.delete(key);
      }
    },
    forget: (sessionId) => {
      for (const [key, question] of [...questions]) {
        if (question.sessionId !== sessionId) continue;
        finish(key, null);
        questions.delete(key);
      }
    },
    close: () => {
      for (const key of [...questions.keys()]) finish(key, null);
    },
  };
}
