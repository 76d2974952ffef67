import { setTimeout as sleep } from "node:timers/promises";
import type { Call, ContentBlock, HandTool, Outcome, Question } from "../../src/calls/call.ts";
import type { ToolDefinition } from "../../src/catalog/tool.ts";

/** What a fixture can set off in the gateway that serves it. */
export interface Changes {
  readonly toolsChanged: () => Promise<void>;
  readonly promptsChanged: () => Promise<void>;
}

/**
 * The Tools that the conformance suite asks for by name, written by hand since no real API has them. What each must do is
 * printed by its scenario when the Tool is missing.
 */
export function conformanceTools(changes: Changes): readonly HandTool[] {
  return [...contentTools, ...sessionTools, ...statelessTools(changes), ...inputTools].map(
    ([name, run, definition]): HandTool => ({
      name,
      aliases: [],
      resource: "Conformance",
      kind: "action",
      effect: "read",
      definition: {
        name,
        title: name,
        description: `Fixture of the conformance suite: ${name}.`,
        inputSchema: { type: "object" },
        annotations: {
          title: name,
          readOnlyHint: true,
          destructiveHint: false,
          idempotentHint: true,
          openWorldHint: false,
        },
        ...definition,
      },
      run,
    }),
  );
}

type Fixture = readonly [name: string, run: (call: Call) => Promise<Outcome>, definition?: Partial<ToolDefinition>];

/** The smallest PNG and a silent WAV. */
const png = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
const wav = "UklGRiQAAABXQVZFZm10IBAAAAABAAEAQB8AAEAfAAABAAgAZGF0YQAAAAA=";
const image: ContentBlock = { type: "image", data: png, mimeType: "image/png" };
const embedded: ContentBlock = {
  type: "resource",
  resource: { uri: "test://embedded-resource", mimeType: "text/plain", text: "This is an embedded resource content." },
};
const mixed: ContentBlock = {
  type: "resource",
  resource: { uri: "test://mixed-content-resource", mimeType: "application/json", text: '{"test":"data","value":123}' },
};

const content =
  (...blocks: readonly ContentBlock[]) =>
  async (): Promise<Outcome> => ({ content: blocks });
const text = (value: string): ContentBlock => ({ type: "text", text: value });

const contentTools: readonly Fixture[] = [
  ["test_simple_text", content(text("This is a simple text response for testing."))],
  ["test_image_content", content(image)],
  ["test_audio_content", content({ type: "audio", data: wav, mimeType: "audio/wav" })],
  ["test_embedded_resource", content(embedded)],
  ["test_multiple_content_types", content(text("Multiple content types test:"), image, mixed)],
  ["test_error_handling", async () => ({ content: [text("This tool intentionally returns an error")], isError: true })],
  [
    "json_schema_2020_12_tool",
    content(text("ok")),
    {
      // The whole dialect, not the profile that codegen emits: a Tool written by hand brings its own schema.
      inputSchema: {
        $schema: "https://json-schema.org/draft/2020-12/schema",
        type: "object",
        $defs: {
          address: {
            $anchor: "addressDef",
            type: "object",
            properties: { street: { type: "string" }, city: { type: "string" } },
          },
        },
        properties: {
          name: { type: "string" },
          address: { $ref: "#/$defs/address" },
          contactMethod: { type: "string", enum: ["phone", "email"] },
          phone: { type: "string" },
          email: { type: "string" },
        },
        allOf: [{ anyOf: [{ required: ["phone"] }, { required: ["email"] }] }],
        if: { properties: { contactMethod: { const: "phone" } }, required: ["contactMethod"] },
        // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema, not a promise
        then: { required: ["phone"] },
        else: { required: ["email"] },
        additionalProperties: false,
      } as ToolDefinition["inputSchema"], // keywords outside the profile of Schema
    },
  ],
];

const elicit = (key: string, message: string, properties: object, required: readonly string[] = []): Question => ({
  key,
  method: "elicitation/create",
  params: { message, requestedSchema: { type: "object", properties, required } },
});

async function askOne({ ask }: Call, question: Question): Promise<Outcome> {
  const [answer] = await ask([question]);
  return { content: [text(`Answer: ${JSON.stringify(answer)}`)] };
}

const answer = (value: string): { readonly type: "string"; readonly description: string } => ({
  type: "string",
  description: value,
});

const sessionTools: readonly Fixture[] = [
  [
    "test_tool_with_logging",
    async ({ notify }) => {
      for (const data of ["Tool execution started", "Tool processing data", "Tool execution completed"]) {
        notify({ type: "log", level: "info", data });
        await sleep(50);
      }
      return { content: [text("done")] };
    },
  ],
  [
    "test_tool_with_progress",
    async ({ notify }) => {
      for (const progress of [0, 50, 100]) {
        notify({ type: "progress", progress, total: 100 });
        await sleep(50);
      }
      return { content: [text("done")] };
    },
  ],
  [
    "test_sampling",
    async (call) => {
      const messages = [{ role: "user", content: { type: "text", text: String(call.args.prompt) } }];
      const question = {
        key: "sampling",
        method: "sampling/createMessage",
        params: { messages, maxTokens: 100 },
      } as const;
      return askOne(call, question);
    },
    { inputSchema: { type: "object", properties: { prompt: { type: "string" } }, required: ["prompt"] } },
  ],
  [
    "test_elicitation",
    (call) =>
      askOne(
        call,
        elicit(
          "elicitation",
          String(call.args.message),
          { username: answer("User's response"), email: answer("Email") },
          ["username", "email"],
        ),
      ),
    { inputSchema: { type: "object", properties: { message: { type: "string" } }, required: ["message"] } },
  ],
  [
    "test_elicitation_sep1034_defaults",
    (call) =>
      askOne(
        call,
        elicit("defaults", "Please review and update the form fields with defaults", {
          name: { type: "string", default: "John Doe" },
          age: { type: "integer", default: 30 },
          score: { type: "number", default: 95.5 },
          status: { type: "string", enum: ["active", "inactive", "pending"], default: "active" },
          verified: { type: "boolean", default: true },
        }),
      ),
  ],
  [
    "test_elicitation_sep1330_enums",
    (call) => askOne(call, elicit("enums", "Please select options from the enum fields", enumForms)),
  ],
];

const titled = [
  { const: "value1", title: "First Option" },
  { const: "value2", title: "Second Option" },
  { const: "value3", title: "Third Option" },
];
const enumForms = {
  untitledSingle: { type: "string", enum: ["option1", "option2", "option3"] },
  titledSingle: { type: "string", oneOf: titled },
  legacyEnum: {
    type: "string",
    enum: ["opt1", "opt2", "opt3"],
    enumNames: ["Option One", "Option Two", "Option Three"],
  },
  untitledMulti: { type: "array", items: { type: "string", enum: ["option1", "option2", "option3"] } },
  titledMulti: { type: "array", items: { anyOf: titled } },
};

function statelessTools({ toolsChanged, promptsChanged }: Changes): readonly Fixture[] {
  return [
    ["test_missing_capability", (call) => askOne(call, sampling("capability"))],
    ["test_streaming_elicitation", content(text("ok"))],
    [
      "test_logging_tool",
      async ({ notify }) => {
        notify({ type: "log", level: "info", data: "a log message" });
        return { content: [text("ok")] };
      },
    ],
    [
      "test_trigger_tool_change",
      async () => {
        await toolsChanged();
        return { content: [text("ok")] };
      },
    ],
    [
      "test_trigger_prompt_change",
      async () => {
        await promptsChanged();
        return { content: [text("ok")] };
      },
    ],
  ];
}

function sampling(key: string): Question {
  const messages = [{ role: "user", content: { type: "text", text: "What is the capital of France?" } }];
  return { key, method: "sampling/createMessage", params: { messages, maxTokens: 100 } };
}

const userName: Question = {
  ...elicit("user_name", "What is your name?", { name: { type: "string" } }, ["name"]),
  // One scenario answers this one before it is asked.
  unasked: true,
};
const confirm = elicit("confirm", "Please confirm", { ok: { type: "boolean" } }, ["ok"]);
const roots: Question = { key: "client_roots", method: "roots/list", params: {} };

const inputTools: readonly Fixture[] = [
  ["test_input_required_result_elicitation", (call) => askOne(call, userName)],
  ["test_input_required_result_sampling", (call) => askOne(call, sampling("capital_question"))],
  ["test_input_required_result_list_roots", (call) => askOne(call, roots)],
  [
    "test_input_required_result_request_state",
    async ({ ask }) => {
      await ask([confirm]);
      return { content: [text("state-ok")] };
    },
  ],
  [
    "test_input_required_result_multiple_inputs",
    async ({ ask }) => {
      await ask([userName, sampling("greeting"), roots]);
      return { content: [text("all three answered")] };
    },
  ],
  [
    "test_input_required_result_multi_round",
    async ({ ask }) => {
      await ask([elicit("step1", "Step 1: What is your name?", { name: { type: "string" } }, ["name"])]);
      await ask([elicit("step2", "Step 2: What is your favorite color?", { color: { type: "string" } }, ["color"])]);
      return { content: [text("both steps answered")] };
    },
  ],
  ["test_input_required_result_tampered_state", (call) => askOne(call, confirm)],
  [
    "test_input_required_result_capabilities",
    async (call) => {
      const declared = call.capabilities ?? {};
      const possible = [
        ...("sampling" in declared ? [sampling("capital_question")] : []),
        ...("elicitation" in declared ? [userName] : []),
      ];
      await call.ask(possible);
      return { content: [text("ok")] };
    },
  ],
];
