import type { OpenAPIV3_1 } from "openapi-types";
import type { Api, Effect, Method, OperationKind } from "../src/descriptor.ts";

/**
 * The intermediate model: plain values handed from one codegen step to the next.
 * load → {@link LoadedSpec} → operations → {@link Operation}[] → classify + overrides → {@link Classification}
 * → names, fields, describe → {@link Described} → emit, write.
 */

/** The Spec as OpenAPI 3.1, every `$ref` internal (`#/…`); references stay in place, so cycles are safe. */
export type Document = OpenAPIV3_1.Document;

/** A schema object or reference of the Document, as it stands there (3.0's `nullable` may occur). */
export type SpecSchema = Record<string, unknown>;

export interface LoadedSpec {
  readonly document: Document;
  /** File name or URL without credentials, for messages and the manifest. */
  readonly source: string;
  /** SHA-256 of the bytes as read, hex. */
  readonly sha256: string;
  /** `2.0`, `3.0.3`, `3.1.0` … as the Spec itself says. */
  readonly version: string;
}

/** A declared parameter, references resolved, path-level ones merged in. OpenAPI 3.1 §4.8.12. */
export interface OperationParam {
  readonly name: string;
  readonly in: "path" | "query" | "header" | "cookie";
  readonly required: boolean;
  readonly description?: string;
  readonly style?: string;
  readonly explode?: boolean;
  readonly allowReserved?: boolean;
  readonly deprecated?: boolean;
  /** Of the parameter itself, or of its single `content` entry. */
  readonly schema: SpecSchema;
  /** Media type of a `content` parameter. */
  readonly content?: string;
}

/** One media type of a body or answer. */
export interface OperationContent {
  readonly mediaType: string;
  readonly schema?: SpecSchema;
  readonly encoding?: Readonly<Record<string, unknown>>;
}

/** One declared answer. */
export interface OperationResponse {
  /** `200`, `2XX`, `default`. */
  readonly status: string;
  readonly description?: string;
  readonly content: readonly OperationContent[];
  /** Declared response headers, lower case, with their schemas. */
  readonly headers: Readonly<Record<string, SpecSchema>>;
}

/** One method + path of the Spec with everything inherited merged in. */
export interface Operation {
  /** operationId where there is one. */
  readonly operationId?: string;
  /** Identity in overrides and the manifest: operationId, else `METHOD /path`. */
  readonly id: string;
  readonly method: Method;
  readonly path: string;
  readonly tags: readonly string[];
  readonly summary?: string;
  readonly description?: string;
  readonly deprecated: boolean;
  readonly params: readonly OperationParam[];
  readonly body?: {
    readonly required: boolean;
    readonly description?: string;
    readonly content: readonly OperationContent[];
  };
  /** Sorted by status. */
  readonly responses: readonly OperationResponse[];
  /** Where it differs from the Document's. */
  readonly security?: readonly Readonly<Record<string, readonly string[]>>[];
  /** `x-` keys of the operation. */
  readonly extensions: Readonly<Record<string, unknown>>;
  /** JSON pointer into the Document. */
  readonly pointer: string;
}

/** What one classification rule says about an Operation. */
export interface Evidence {
  /** File name of the rule under codegen/classify/rules. */
  readonly rule: string;
  readonly kind?: OperationKind;
  /** PascalCase singular. */
  readonly resource?: string;
  /** Verb of an action, lower case with underscores. */
  readonly verb?: string;
  readonly effect?: Effect;
  /** 0 to 1. Two of 0.7 or more (strong) that disagree on the kind are a conflict. */
  readonly weight: number;
  /** One clause for people: `operationId starts with "list"`. */
  readonly because: string;
}

/** What an Operation is taken for. */
export interface Decision {
  readonly operation: Operation;
  readonly resource: string;
  readonly kind: OperationKind;
  /** For actions. */
  readonly verb?: string;
  readonly effect: Effect;
  readonly evidence: readonly Evidence[];
  /** 0 to 1, two decimals. Below 0.6 the report lists it. */
  readonly confidence: number;
  /** Strong signals disagree; `override` is the YAML to write under `codegen.operations`. */
  readonly conflict?: { readonly because: string; readonly override: string };
  /** From an override. */
  readonly tool?: string;
  readonly aliases?: readonly string[];
  readonly timeoutMs?: number;
  /** Corrected path template, from an override. */
  readonly path?: string;
}

export interface Skipped {
  readonly operation: Operation;
  readonly reason: string;
}

/** Every Operation of the Spec is in exactly one of the two. */
export interface Classification {
  readonly decisions: readonly Decision[];
  readonly skipped: readonly Skipped[];
  /** Faults that stop generation unless conflicts are allowed. */
  readonly conflicts: readonly Decision[];
}

/** One line of `manifest.json`'s `operations`. */
export type ManifestOperation = {
  readonly method: Method;
  readonly path: string;
  readonly operationId?: string;
} & (
  | {
      readonly resource: string;
      readonly kind: OperationKind;
      readonly effect: Effect;
      readonly tool: string;
      readonly evidence: readonly string[];
      readonly confidence: number;
      readonly warning?: string;
    }
  | { readonly skipped: string }
);

export interface Manifest {
  readonly spec: {
    readonly title: string;
    readonly version: string;
    readonly openapi: string;
    readonly sha256: string;
    /** SHA-256 of the `codegen` part of gateway.yaml, canonical. */
    readonly configuration: string;
  };
  readonly counts: Readonly<Record<string, number>>;
  readonly operations: readonly ManifestOperation[];
  /** Tools without an Operation of their own: a Count that borrows the List's. */
  readonly derived: readonly { readonly tool: string; readonly from: string }[];
  /** What the schema profile cannot express exactly, by JSON pointer. */
  readonly loosened: readonly { readonly at: string; readonly what: string }[];
}

/** The value that is emitted, or handed to `compose` by `serve --spec`. */
export interface Described {
  readonly api: Api;
  readonly manifest: Manifest;
}
