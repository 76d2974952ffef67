import type { Keys } from "../../auth/keys.ts";
import { lastingId } from "../../auth/principal.ts";
import type { Schema } from "../../descriptor.ts";
import { GatewayError } from "../../errors.ts";
import type { Call, Confirmation, Interceptor } from "../call.ts";
import { canElicit } from "../elicitation.ts";
import { guardsOf, tokenArg } from "./guards.ts";
import type { Once } from "./once.ts";
import { confirmQuestion, whatWillHappen } from "./question.ts";
import { checkToken, maxTokenLength, mintToken, type TokenBinding, tokenSeconds } from "./token.ts";

export interface ConfirmOptions {
  /** Keys of the purpose `confirmation`: the first signs, all verify. */
  readonly keys: Keys;
  readonly once: Once;
  /** What the thing is called that a Call is about; undefined where that cannot be said. */
  readonly labelOf: (call: Call) => Promise<string | undefined>;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** The schema of `confirmation_token`. */
export const tokenSchema: Schema = {
  type: "string",
  minLength: 1,
  maxLength: maxTokenLength,
  description: "Only after the user agreed: the confirm_token that the first call answered. Leave it out at first.",
};

/**
 * Lets a Call through once its user agreed: by a form where the client shows one, else by a token that the first call is
 * answered with and that the second brings, once, within ten minutes, with the same arguments. Throws `not_permitted` after
 * a no, `confirmation_required` where there is no answer or no good token, `store_unavailable` where it cannot be shown that a
 * token was not used before.
 */
export function confirming(options: ConfirmOptions): Interceptor {
  return (next) => async (call) => {
    if (guardsOf(call.tool)?.confirm !== true) return next(call);
    const { [tokenArg]: token, ...args } = call.args;
    const action: Call = { ...call, args };
    return next({ ...action, confirmation: await confirmed(options, action, token) });
  };
}

async function confirmed(options: ConfirmOptions, call: Call, token: unknown): Promise<Confirmation> {
  const refused = typeof token === "string" ? await useToken(options, call, token) : undefined;
  if (typeof token === "string" && refused === undefined) return { by: "token" };
  const what = whatWillHappen(call, await options.labelOf(call));
  if (!canElicit(call.capabilities)) throw tokenNeeded(options, call, what, refused);
  await askUser(call, what);
  return { by: "elicitation" };
}

/** Undefined when the token holds and is used now for the first time; else what is wrong with it. */
async function useToken({ keys, once, now }: ConfirmOptions, call: Call, token: string): Promise<string | undefined> {
  const check = checkToken(keys, token, bindingOf(call), now());
  if (!check.isGood) return check.why;
  try {
    return (await once.use(token, check.leftMs)) ? undefined : "was used before";
  } catch (thrown) {
    throw new GatewayError("store_unavailable", "the store of confirmation tokens does not answer", {
      next: "Nothing was sent. Wait a few seconds, then call again with the same confirmation_token.",
      retryAfterSeconds: 2,
      change: "none",
      cause: GatewayError.from(thrown).facts.cause,
    });
  }
}

function bindingOf({ principal, surface, tool, args }: Call): TokenBinding {
  return { principalId: lastingId(principal), surface, tool: tool.name, args };
}

function tokenNeeded(
  { keys, now }: ConfirmOptions,
  call: Call,
  what: string,
  refused: string | undefined,
): GatewayError {
  const reason = refused === undefined ? "" : `: the confirmation_token ${refused}`;
  return new GatewayError("confirmation_required", `${call.tool.name} needs the user's yes${reason}`, {
    next:
      "Nothing was done. Show the user what will happen (data.what) and ask them. Only after their yes, call " +
      `${call.tool.name} again with the same arguments and confirmation_token set to data.confirm_token.`,
    data: { what, confirm_token: mintToken(keys, bindingOf(call), now()), expiresInSeconds: tokenSeconds },
    change: "none",
  });
}

/** Resolves on a yes. A no is final: it is told, and not asked about again. */
async function askUser(call: Call, what: string): Promise<void> {
  const [answer] = await call.ask([confirmQuestion(what)]);
  const { confirm } = (answer?.content ?? {}) as { readonly confirm?: unknown }; // a form's content is an object
  if (answer?.action === "accept" && confirm === true) return;
  if (answer?.action === "cancel")
    throw new GatewayError(
      "confirmation_required",
      `${call.tool.name} was not carried out: the user closed the question`,
      {
        next: "Do not call it again by yourself: go on only when the user asks for it.",
        retryable: false,
        change: "none",
      },
    );
  throw new GatewayError("not_permitted", `${call.tool.name} was not carried out: the user said no`, {
    next: "Do not repeat it. Tell the user that nothing was done.",
    change: "none",
  });
}
