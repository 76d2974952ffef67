import type { ContentBlock } from "../../calls/call.ts";
import type { Complete, Reading } from "../resources/resource.ts";
import type { Principal } from "../surface.ts";

/** An argument of a prompt; its value is always text. */
export interface PromptArgument {
  readonly name: string;
  readonly title?: string;
  readonly description?: string;
  readonly required?: boolean;
}

/** What a client sees of a prompt in `prompts/list`. */
export interface PromptDefinition {
  readonly name: string;
  readonly title?: string;
  readonly description: string;
  readonly arguments?: readonly PromptArgument[];
}

export interface PromptMessage {
  readonly role: "user" | "assistant";
  readonly content: ContentBlock;
}

/** A prompt: a file of the API owner's, or written by hand. */
export interface Prompt {
  readonly definition: PromptDefinition;
  readonly permits: (principal: Principal) => boolean;
  /** The messages for these arguments, which are the declared ones and complete. Throws GatewayError. */
  readonly get: (reading: Reading, args: Readonly<Record<string, string>>) => Promise<readonly PromptMessage[]>;
  /** By the argument; those that are missing have nothing to offer. */
  readonly complete?: Readonly<Record<string, Complete>>;
}
