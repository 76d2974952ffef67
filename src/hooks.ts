/** What a file of hooks imports: `import { defineHook, GatewayError } from "specgate/hooks"`. */
export type { Call, Outcome } from "./calls/call.ts";
export { defineHook, type Hook, type HookArguments, type HookCall, type ToolHook } from "./calls/hooks.ts";
export { GatewayError } from "./errors.ts";
