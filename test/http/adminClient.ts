import { Ajv2020 } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import { adminDocument } from "../../src/http/routes/admin/openapi.ts";

/** An answer of the admin API. */
export interface AdminAnswer {
  readonly status: number;
  readonly headers: Headers;
  /** A JSON value to look into. */
  readonly body: Tree;
}

interface Tree {
  readonly [name: string]: Tree;
}

/** Sends requests to the admin API; every answer must be one that its document describes, else it throws. */
export interface AdminClient {
  /** `request` is `METHOD /path`, below `/api/v1/admin`. */
  readonly send: (request: string, body?: unknown, headers?: Readonly<Record<string, string>>) => Promise<AdminAnswer>;
}

interface Operation {
  readonly requestBody?: { readonly content: { readonly "application/json": { readonly schema: object } } };
  readonly responses: Readonly<
    Record<string, { readonly content?: { readonly "application/json": { schema: object } } }>
  >;
}

/** An {@link AdminClient} of the gateway at `base` with the headers of one credential. */
export function adminClient(base: string, credential: Readonly<Record<string, string>>): AdminClient {
  const document = adminDocument({ brand: "Test", version: "1" }) as unknown as {
    readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  };
  const ajv = new Ajv2020({ strict: false, allErrors: true });
  (addFormats as unknown as (ajv: Ajv2020) => void)(ajv); // its types are of the CommonJS build
  ajv.addSchema({ ...document, $id: "document" });
  const isValid = (schema: object, value: unknown): string => {
    const validate = ajv.compile(JSON.parse(JSON.stringify(schema).replaceAll('"#/', '"document#/')));
    return validate(value) ? "" : JSON.stringify(validate.errors);
  };
  return {
    send: async (request, body, headers = {}) => {
      const [method = "GET", path = "/"] = request.split(" ");
      const response = await fetch(`${base}/api/v1/admin${path}`, {
        method,
        headers: { ...credential, ...(body === undefined ? {} : { "content-type": "application/json" }), ...headers },
        ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
      });
      const text = await response.text();
      const answer: unknown = JSON.parse(text);
      const operation = operationAt(document.paths, method, path);
      const declared = operation?.responses[response.status];
      if (operation === undefined || declared === undefined)
        throw new Error(`${request} answered ${response.status}, which the document does not describe: ${text}`);
      const fault = isValid(declared.content?.["application/json"].schema ?? {}, answer);
      if (fault !== "") throw new Error(`${request} answered ${response.status} with ${text}: ${fault}`);
      const schema = operation.requestBody?.content["application/json"].schema;
      if (response.ok && schema !== undefined && body !== undefined && isValid(schema, body) !== "")
        throw new Error(`${request} took a body that the document refuses: ${JSON.stringify(body)}`);
      return { status: response.status, headers: response.headers, body: answer as Tree }; // tests assert on what they find
    },
  };
}

function operationAt(
  paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>,
  method: string,
  path: string,
): Operation | undefined {
  const [plain = ""] = path.split("?");
  const template = Object.keys(paths).find((one) => new RegExp(`^${one.replace(/\{\w+\}/g, "[^/]+")}$`).test(plain));
  return template === undefined ? undefined : paths[template]?.[method.toLowerCase()];
}
