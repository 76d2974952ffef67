import { GatewayError } from "../../errors.ts";

/** The refusal of a value that cannot be sent in its place, naming the argument and the value, shortened. */
export function unsendable(name: string, value: unknown, why: string): GatewayError {
  return new GatewayError("invalid_arguments", `${name}: ${shortened(value)} ${why}`, {
    next: `Call again with another ${name}.`,
  });
}

function shortened(value: unknown): string {
  const text = typeof value === "object" ? JSON.stringify(value) : JSON.stringify(String(value));
  return text.length > 60 ? `${text.slice(0, 59)}…` : text;
}
