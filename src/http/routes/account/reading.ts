import { GatewayError } from "../../../errors.ts";
import type { KeyWish } from "../../../oauth/account/account.ts";

const names = ["name", "preset", "organisation", "pages", "expiresAt"] as const;
const presetNames = ["read", "write", "full"] as const;

/** What a body asks for. Throws one `invalid_arguments` that names every member that is missing, unknown or of another type. */
export function keyWish(body: unknown): KeyWish {
  if (typeof body !== "object" || body === null || Array.isArray(body))
    throw wrong("the body must be a JSON object, sent as application/json");
  const given: Readonly<Record<string, unknown>> = { ...body };
  const { name, preset, organisation, pages, expiresAt } = given;
  const chosen = presetNames.find((one) => one === preset);
  const faults = [
    ...Object.keys(given).flatMap((one) =>
      names.some((known) => known === one)
        ? []
        : [`unknown member ${JSON.stringify(one.slice(0, 64))}; there are ${names.join(", ")}`],
    ),
    ...(typeof name === "string" ? [] : ["name must be a text"]),
    ...(chosen === undefined ? [`preset must be one of ${presetNames.join(", ")}`] : []),
    ...(isTextOrAbsent(organisation) ? [] : ["organisation must be a text: its id"]),
    ...(pages === undefined || isTexts(pages) ? [] : ["pages must be a list of texts: their ids, at most 1000"]),
    ...(isTextOrAbsent(expiresAt) ? [] : ["expiresAt must be a text such as 2027-01-31T00:00:00Z"]),
  ];
  if (faults.length > 0 || typeof name !== "string" || chosen === undefined) throw wrong(faults.join("; "));
  return {
    name,
    preset: chosen,
    ...(typeof organisation === "string" && { organisation }),
    ...(isTexts(pages) && { pages }),
    ...(typeof expiresAt === "string" && { expiresAt }),
  };
}

function isTextOrAbsent(value: unknown): boolean {
  return value === undefined || typeof value === "string";
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.length <= 1_000 && value.every((one) => typeof one === "string");
}

function wrong(message: string): GatewayError {
  return new GatewayError("invalid_arguments", message);
}
