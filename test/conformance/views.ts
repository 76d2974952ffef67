import type { Question } from "../../src/calls/call.ts";
import type { Prompt, PromptDefinition, PromptMessage } from "../../src/surfaces/prompts/prompt.ts";
import type { Resource, ResourceContents } from "../../src/surfaces/resources/resource.ts";
import { parseUriTemplate, type Variables } from "../../src/surfaces/resources/uriTemplate.ts";

/** The smallest PNG. */
const png = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

type Held = (uri: string, values: Variables) => ResourceContents;

function resource(text: string, mimeType: string, held: Held, pollMs?: number): Resource {
  return {
    template: parseUriTemplate(text),
    definition: { name: text, description: `Fixture of the conformance suite: ${text}.`, mimeType },
    permits: () => true,
    read: async (_reading, uri, values) => ({ contents: [held(uri, values)] }),
    ...(pollMs !== undefined && { pollMs }),
  };
}

const plain =
  (value: string): Held =>
  (uri) => ({ uri, mimeType: "text/plain", text: value });

/** The resources that the suite asks for by URI. */
export const conformanceResources: readonly Resource[] = [
  resource("test://static-text", "text/plain", plain("This is the content of the static text resource.")),
  resource("test://static-binary", "image/png", (uri) => ({ uri, mimeType: "image/png", blob: png })),
  resource("test://template/{id}/data", "application/json", (uri, { id }) => ({
    uri,
    mimeType: "application/json",
    text: JSON.stringify({ id, templateTest: true, data: `Data for ID: ${id}` }),
  })),
  resource("test://watched-resource", "text/plain", plain("Watched resource content"), 60_000),
  resource("test://example-resource", "text/plain", plain("Example resource content")),
  resource("test://embedded-resource", "text/plain", plain("This is an embedded resource content.")),
  resource("test://mixed-content-resource", "application/json", (uri) => ({
    uri,
    mimeType: "application/json",
    text: '{"test":"data","value":123}',
  })),
];

const said = (text: string): PromptMessage => ({ role: "user", content: { type: "text", text } });

function prompt(
  name: string,
  get: Prompt["get"],
  args: PromptDefinition["arguments"] = [],
  complete?: Prompt["complete"],
): Prompt {
  return {
    definition: { name, description: `Fixture of the conformance suite: ${name}.`, arguments: args },
    permits: () => true,
    get,
    ...(complete !== undefined && { complete }),
  };
}

const userContext: Question = {
  key: "user_context",
  method: "elicitation/create",
  params: {
    message: "What context should the prompt use?",
    requestedSchema: { type: "object", properties: { context: { type: "string" } }, required: ["context"] },
  },
};

/** The prompts that the suite asks for by name. */
export const conformancePrompts: readonly Prompt[] = [
  prompt("test_simple_prompt", async () => [said("This is a simple prompt for testing.")]),
  prompt(
    "test_prompt_with_arguments",
    async (_reading, { arg1, arg2 }) => [said(`Prompt with arguments: arg1='${arg1}', arg2='${arg2}'`)],
    [
      { name: "arg1", description: "First test argument", required: true },
      { name: "arg2", description: "Second test argument", required: true },
    ],
    {
      arg1: async ({ value }) => ({ values: ["paris", "park"].filter((one) => one.startsWith(value)), hasMore: false }),
    },
  ),
  prompt(
    "test_prompt_with_embedded_resource",
    async (_reading, { resourceUri = "" }) => [
      {
        role: "user",
        content: {
          type: "resource",
          resource: { uri: resourceUri, mimeType: "text/plain", text: "Embedded resource content for testing." },
        },
      },
      said("Please process the embedded resource above."),
    ],
    [{ name: "resourceUri", description: "URI of the resource to embed", required: true }],
  ),
  prompt("test_prompt_with_image", async () => [
    { role: "user", content: { type: "image", data: png, mimeType: "image/png" } },
    said("Please analyze the image above."),
  ]),
  prompt("test_input_required_result_prompt", async ({ ask }) => {
    const [answer] = await ask([userContext]);
    return [said(`Context: ${JSON.stringify(answer)}`)];
  }),
];
