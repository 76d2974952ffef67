import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { ApiError } from "../api.ts";

/** Something that is read from the gateway. */
export interface Loaded<Value> {
  /** Undefined until it has come. Stays while it is read again. */
  readonly value: Value | undefined;
  readonly error: ApiError | undefined;
  readonly isLoading: boolean;
  readonly reload: () => Promise<void>;
}

/** Reads at once, again when one of `of` changes, and when asked. The last one asked for stays, whichever comes last. */
export function useLoaded<Value>(read: () => Promise<Value>, of: readonly unknown[]): Loaded<Value> {
  const [value, setValue] = useState<Value>();
  const [error, setError] = useState<ApiError>();
  const [isLoading, setLoading] = useState(true);
  const latest = useRef(0);
  const reload = useCallback(async (): Promise<void> => {
    latest.current += 1;
    const mine = latest.current;
    setLoading(true);
    try {
      const found = await read();
      if (mine !== latest.current) return;
      setValue(() => found);
      setError(undefined);
    } catch (thrown) {
      if (mine === latest.current) setError(errorOf(thrown));
    } finally {
      if (mine === latest.current) setLoading(false);
    }
  }, of);
  useEffect(() => void reload(), [reload]);
  return { value, error, isLoading, reload };
}

/** What to show for whatever was thrown. */
export function errorOf(thrown: unknown): ApiError {
  return thrown instanceof ApiError ? thrown : new ApiError("Something went wrong on this page.", "Load it again.");
}

/** A list that comes page by page. */
export interface Pages<Item> {
  readonly items: readonly Item[] | undefined;
  readonly error: ApiError | undefined;
  readonly isLoading: boolean;
  /** Absent at the end. */
  readonly more: (() => Promise<void>) | undefined;
  readonly reload: () => Promise<void>;
}

interface OnePage<Item> {
  readonly items: readonly Item[];
  readonly nextCursor?: string;
}

/** @param read one page, from its cursor on */
export function usePages<Item>(
  read: (cursor: string | undefined) => Promise<OnePage<Item>>,
  of: readonly unknown[],
): Pages<Item> {
  const first = useLoaded(() => read(undefined), of);
  const [further, setFurther] = useState<{ readonly from: unknown; readonly pages: readonly OnePage<Item>[] }>();
  const [error, setError] = useState<ApiError>();
  const [isLoading, setLoading] = useState(false);
  const pages = further !== undefined && further.from === first.value ? further.pages : [];
  const last = pages.at(-1) ?? first.value;
  const cursor = last?.nextCursor;
  const more = async (): Promise<void> => {
    setLoading(true);
    try {
      const next = await read(cursor);
      setFurther({ from: first.value, pages: [...pages, next] });
      setError(undefined);
    } catch (thrown) {
      setError(errorOf(thrown));
    } finally {
      setLoading(false);
    }
  };
  return {
    items: first.value && [...first.value.items, ...pages.flatMap(({ items }) => items)],
    error: first.error ?? error,
    isLoading: first.isLoading || isLoading,
    more: cursor === undefined ? undefined : more,
    reload: first.reload,
  };
}
