import type { JSX } from "preact";

const units = [
  ["year", 31_536_000],
  ["month", 2_592_000],
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
] as const;

const relative = new Intl.RelativeTimeFormat("en", { numeric: "auto" });

/** A moment as people say it, with the exact one at hand. */
export function When({ at, none = "never" }: { readonly at: string | null; readonly none?: string }): JSX.Element {
  if (at === null) return <span class="soft">{none}</span>;
  return (
    <time dateTime={at} title={exact(at)}>
      {ago(Date.parse(at))}
    </time>
  );
}

/** `21 Nov 2026, 12:33:48` where the reader is. */
export function exact(at: string): string {
  return new Date(at).toLocaleString("en-GB", { dateStyle: "medium", timeStyle: "medium" });
}

function ago(ms: number): string {
  const seconds = Math.round((ms - Date.now()) / 1_000);
  const [unit, length] = units.find(([, length]) => Math.abs(seconds) >= length) ?? ["minute", 60];
  if (Math.abs(seconds) < 60) return seconds > 0 ? "in a moment" : "just now";
  return relative.format(Math.round(seconds / length), unit);
}
