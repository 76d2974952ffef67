/**
 * Whether a client that declared `capabilities` shows forms to its user. `elicitation: {}` means forms;
 * `elicitation: { url: {} }` alone does not.
 * https://modelcontextprotocol.io/specification/2025-11-25/client/elicitation#capabilities
 */
export function canElicit(capabilities: Readonly<Record<string, unknown>> | undefined): boolean {
  const own = capabilities?.elicitation;
  if (typeof own !== "object" || own === null || Array.isArray(own)) return false;
  return "form" in own || Object.keys(own).length === 0;
}
