import type { JSX } from "preact";
import type { KeyView } from "../../src/auth/keyView.ts";
import { Tag } from "./Notice.tsx";

/** What a key is called, how it begins, and what has become of it. */
export function KeyName({
  view: { name, start, status, boundArguments },
}: {
  readonly view: Pick<KeyView, "name" | "start" | "status" | "boundArguments">;
}): JSX.Element {
  return (
    <>
      <strong class="name">{name}</strong>{" "}
      {status === "rotated" && (
        <Tag kind="warn" title="Another key takes its place; this one is good until it expires.">
          Replaced
        </Tag>
      )}
      {(status === "revoked" || status === "expired") && <Tag kind="bad">{status}</Tag>}
      {start !== undefined && (
        <span class="under">
          <code>{start}…</code>
        </span>
      )}
      {Object.entries(boundArguments ?? {}).map(([argument, binding]) => (
        <span class="under" key={argument}>
          Only {argument}: {"fixed" in binding ? String(binding.fixed) : binding.within.join(", ")}
        </span>
      ))}
    </>
  );
}
