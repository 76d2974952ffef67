import { afterEach, describe, expect, it } from "vitest";
import { callerOf } from "../fakes/caller.ts";
import { generateFrom, startGateway, type TestGateway } from "../fakes/gateway.ts";
import { listen, type TestServer } from "../upstream/fixture.ts";

const schema = { type: "object", properties: { amount: { type: "integer" } }, required: ["amount"] };
const content = { "application/json": { schema } };
/** An API as Stripe's or Adyen's: the header that recognises a repetition stands in the document. */
const document = {
  openapi: "3.1.0",
  info: { title: "Payments", version: "1" },
  paths: {
    "/payments": {
      post: {
        operationId: "createPayment",
        parameters: [
          { name: "Idempotency-Key", in: "header", required: true, schema: { type: "string", maxLength: 64 } },
        ],
        requestBody: { required: true, content },
        responses: { 201: { description: "made", content } },
      },
    },
  },
};

const open: (TestGateway | TestServer)[] = [];
afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one.close();
});

describe("an API whose document declares an idempotency header", () => {
  it("has a tool with idempotency_key in its place, is given the header with each call, and tried again by it", async () => {
    const stub = await listen((_req, res) => {
      const isReady = stub.seen.length % 2 === 0;
      res.writeHead(isReady ? 201 : 503, { "content-type": "application/json" }).end('{"amount":5}');
    });
    const { api } = await generateFrom(document);
    const gateway = await startGateway(api, stub.url);
    open.push(stub, gateway);
    const caller = callerOf(gateway.url, "key-one");
    const [tool] = await caller.listTools();
    expect([tool?.name, Object.keys(tool?.inputSchema.properties ?? {}), tool?.inputSchema.required]).toEqual([
      "create_payment",
      ["amount", "idempotency_key"],
      ["amount"],
    ]);
    const item = { amount: 5 };
    expect((await caller.call("create_payment", { amount: 5, idempotency_key: "k-1" })).structured).toEqual({ item });
    expect((await caller.call("create_payment", { amount: 5 })).structured).toEqual({ item });
    const sent = stub.seen.map(({ headers }) => String(headers["idempotency-key"]));
    expect([sent.length, sent[0] === sent[1], sent[2] === sent[3], sent[0] === sent[2]]).toEqual([
      4,
      true,
      true,
      false,
    ]);
    expect(sent[0]).toMatch(/^[0-9a-f]{64}$/);
    const replayed = await caller.call("create_payment", { amount: 5, idempotency_key: "k-1" });
    expect([replayed.structured, stub.seen.length]).toEqual([{ item, replayed: true }, 4]);
  });
});
