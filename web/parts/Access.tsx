import type { JSX } from "preact";
import type { Access as AccessFacts } from "../../src/oauth/account/access.ts";
import { page } from "../page.ts";
import { Tag } from "./Notice.tsx";

/** Rights in a word, with what they mean to be unfolded. */
export function Access({ access }: { readonly access: AccessFacts }): JSX.Element {
  return (
    <details class="access">
      <summary>
        <AccessTag label={access.label} />
      </summary>
      <ul>
        {access.words.map((line) => (
          <li key={line}>{line}</li>
        ))}
      </ul>
    </details>
  );
}

/** The same from the names of scopes alone, for the lists of administrators. */
export function Scopes({ scopes }: { readonly scopes: readonly string[] }): JSX.Element {
  const { read, write, destroy } = page.scopes;
  const label = scopes.every((scope) => scope === read)
    ? "Read-only"
    : scopes.every((scope) => [read, write].includes(scope))
      ? "Read & write"
      : scopes.every((scope) => [read, write, destroy].includes(scope))
        ? "Full access"
        : "Custom";
  return (
    <details class="access">
      <summary>
        <AccessTag label={label} />
      </summary>
      <ul>
        {scopes.map((scope) => (
          <li key={scope}>
            <code>{scope}</code>
          </li>
        ))}
      </ul>
    </details>
  );
}

function AccessTag({ label }: { readonly label: string }): JSX.Element {
  return label === "Read-only" ? <Tag kind="good">{label}</Tag> : <Tag kind="warn">{label}</Tag>;
}
