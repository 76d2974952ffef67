import type { ComponentChildren, JSX } from "preact";
import type { ApiError } from "../api.ts";

/** Says that something went wrong, and what to do. */
export function Problem({ error }: { readonly error: ApiError | undefined }): JSX.Element | null {
  if (error === undefined) return null;
  return (
    <div class="box bad" role="alert">
      <p>
        <strong>{error.message}</strong> {error.next}
      </p>
    </div>
  );
}

/** Text of a certain weight. */
export function Box({
  kind,
  children,
}: {
  readonly kind: "warn" | "good" | "note";
  readonly children: ComponentChildren;
}): JSX.Element {
  return <div class={`box ${kind}`}>{children}</div>;
}

/** A word about a thing. */
export function Tag({
  kind,
  children,
  title,
}: {
  readonly kind?: "good" | "warn" | "bad";
  readonly children: ComponentChildren;
  readonly title?: string;
}): JSX.Element {
  return (
    <span class={kind === undefined ? "tag" : `tag ${kind}`} title={title}>
      {children}
    </span>
  );
}
