import type { Param } from "../../descriptor.ts";
import { encodeForm } from "./form.ts";
import { unsendable } from "./refuse.ts";
import { primitive } from "./values.ts";

/**
 * The value of a `content` parameter as its media type writes it: JSON (also for a text: `"a"`), form fields, else the text
 * itself. Throws `invalid_arguments` for an object where the media type is only known as text.
 * https://spec.openapis.org/oas/v3.1.1#fixed-fields-for-use-with-content
 */
export function contentText({ name, arg = name, content = "" }: Param, value: unknown): string {
  const type = content.split(";", 1)[0]?.trim().toLowerCase() ?? "";
  if (type === "application/json" || type === "text/json" || type.endsWith("+json")) return JSON.stringify(value);
  if (type === "application/x-www-form-urlencoded") return encodeForm(arg, value);
  if (typeof value === "object") throw unsendable(arg, value, `cannot be written as ${type}`);
  return primitive(arg, value);
}

/** JSON in ASCII, as headers need it: what is not ASCII becomes `\uXXXX`, which means the same. RFC 8259 §7. */
export function asciiJson(text: string): string {
  return text.replace(/[\u007f-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
