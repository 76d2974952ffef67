import type { Validator } from "../catalog/validator.ts";
import type { Interceptor } from "./call.ts";

/** Refuses a Call whose arguments its Tool's input schema does not allow, with `invalid_arguments`. Nothing is changed or filled in. */
export function validating(validator: Validator): Interceptor {
  return (next) => async (call) => {
    validator.check(call.tool, call.args);
    return next(call);
  };
}
