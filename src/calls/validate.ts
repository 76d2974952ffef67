import type { Validator } from "../catalog/validator.ts";
import type { Interceptor } from "./call.ts";

/** Refuses a Call whose arguments its Tool's input schema does not allow, with `invalid_arguments`. Nothing is changed or filled in. */
export function validating(validator: Validator): Interceptor {
  return (next) => async (call) => {
    // What the client was shown is what it is held to, in its own names.
    if (call.given !== undefined) validator.check(call.given.tool, call.given.args);
    validator.check(call.tool, call.args);
    return next(call);
  };
}
