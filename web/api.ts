import { page } from "./page.ts";

/** What the gateway said no with. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  /** What to do about it. */
  readonly next: string | undefined;

  constructor(message: string, next?: string) {
    super(message);
    this.next = next;
  }
}

/**
 * The JSON that the gateway answers. Whoever is signed out meanwhile is sent to sign in. Throws {@link ApiError} in the words of the
 * gateway, or in ours where it cannot be reached.
 */
export async function send<Answer>(method: "GET" | "POST" | "PUT", path: string, body?: unknown): Promise<Answer> {
  const answer = await fetch(`/api/v1${path}`, {
    method,
    headers: {
      ...(method !== "GET" && { "x-csrf-token": page.csrfToken }),
      ...(body !== undefined && { "content-type": "application/json" }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  }).catch(() => {
    throw new ApiError("The gateway cannot be reached.", "Check your connection, and try again.");
  });
  if (answer.status === 401) {
    location.assign(`${page.signInPath}?to=/${page.page}`);
    throw new ApiError("You are no longer signed in.", "Taking you to sign in …");
  }
  if (answer.status === 204) return undefined as Answer; // those who expect one read it of no other
  const value: unknown = await answer.json().catch(() => ({}));
  if (answer.ok) return value as Answer; // the routes of src/http/routes say what they answer
  const { message, next } = value as { message?: string; next?: string };
  throw new ApiError(sentence(message ?? `This did not work (${answer.status}).`), next);
}

function sentence(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1).replace(/\.?$/, ".");
}

/** `?a=1&b=2` of what is not empty. */
export function queryOf(values: Readonly<Record<string, string | undefined>>): string {
  const given = Object.entries(values).filter((one): one is [string, string] => Boolean(one[1]));
  return given.length === 0 ? "" : `?${new URLSearchParams(given)}`;
}
