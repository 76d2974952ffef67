import { describe, expect, it } from "vitest";
import type { AuditConfig } from "../../src/config/config.ts";
import { readEnvironment } from "../../src/config/environment.ts";
import { parseGatewayFile, resolveConfig } from "../../src/config/load.ts";

function auditOf(yaml: string, variables: Readonly<Record<string, string>> = {}): AuditConfig {
  const flags = { upstreamUrl: "https://api.example.com", inMemory: true };
  return resolveConfig(parseGatewayFile("gateway.yaml", `api: a\n${yaml}`), readEnvironment(variables), flags).audit;
}

const hook = "audit: { sinks: { webhook: { url: URL } } }";
const secret = { AUDIT_WEBHOOK_SECRET: "a secret of the receiver" };

describe("the audit part of gateway.yaml", () => {
  it("is modest by default: changes alone, no values, nothing told to anybody", () => {
    const { requestIdHeaders, ...rest } = auditOf("");
    expect(rest).toEqual({ reads: false, values: [], sinks: { stdout: false } });
    expect(requestIdHeaders).toContain("x-request-id");
  });

  const named: readonly { yaml: string; want: object | undefined }[] = [
    { yaml: "audit: { attribution: false }", want: undefined },
    {
      yaml: "audit: { attribution: true }",
      want: {
        actorType: "X-Actor-Type",
        actorId: "X-Actor-Id",
        actorUserId: "X-Actor-User-Id",
        requestId: "X-Request-Id",
        eventId: "X-Audit-Event-Id",
        client: "X-Actor-Client",
        tool: "X-Actor-Tool",
      },
    },
    {
      yaml: "audit: { attribution: { actorId: X-Agent, actorUserId: false, eventId: false, client: false, tool: false } }",
      want: { actorType: "X-Actor-Type", actorId: "X-Agent", requestId: "X-Request-Id" },
    },
  ];
  for (const { yaml, want } of named)
    it(`names the headers of ${yaml}`, () => expect(auditOf(yaml).attribution).toEqual(want));

  it("takes a webhook over https, and over http on this machine", () => {
    for (const url of ["https://logs.example.com/hook?a=1", "http://127.0.0.1:9000/x", "http://localhost/x"])
      expect(auditOf(hook.replace("URL", `"${url}"`), secret).sinks.webhook).toEqual({ url });
  });

  const wrong: readonly { yaml: string; variables?: Readonly<Record<string, string>>; want: RegExp }[] = [
    {
      yaml: hook.replace("URL", "http://logs.example.com/"),
      variables: secret,
      want: /webhook\.url is not an https URL/,
    },
    { yaml: hook.replace("URL", '"https://u:p@logs.example.com/"'), variables: secret, want: /without user/ },
    { yaml: hook.replace("URL", "here"), variables: secret, want: /webhook\.url is not an https URL/ },
    { yaml: hook.replace("URL", "https://logs.example.com/"), want: /AUDIT_WEBHOOK_SECRET is not/ },
    { yaml: "audit: { keepDays: 0 }", want: /audit\.keepDays/ },
    { yaml: "audit: { value: [name] }", want: /gateway\.yaml:2.*value/s },
    { yaml: 'audit: { attribution: { actorId: "X Agent" } }', want: /attribution/ },
    { yaml: "audit: { attribution: { who: X-Who } }", want: /attribution/ },
  ];
  for (const { yaml, variables, want } of wrong)
    it(`refuses ${yaml}${variables === undefined ? "" : " with a secret"}`, () =>
      expect(() => auditOf(yaml, variables)).toThrow(want));
});
