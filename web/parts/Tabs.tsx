import type { ComponentChildren, JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";

export interface TabsProps {
  readonly label: string;
  readonly tabs: readonly {
    /** Also what stands behind `#` in the URL, so that a tab can be linked to. */
    readonly id: string;
    readonly title: string;
    readonly content: () => ComponentChildren;
  }[];
}

/** One of several parts of a page. Arrow keys, Home and End move between them. https://www.w3.org/WAI/ARIA/apg/patterns/tabs/ */
export function Tabs({ label, tabs }: TabsProps): JSX.Element {
  const fromUrl = (): number =>
    Math.max(
      0,
      tabs.findIndex(({ id }) => `#${id}` === location.hash),
    );
  const [at, setAt] = useState(fromUrl);
  const buttons = useRef<(HTMLButtonElement | null)[]>([]);
  useEffect(() => {
    const follow = (): void => setAt(fromUrl());
    addEventListener("hashchange", follow);
    return () => removeEventListener("hashchange", follow);
  }, []);
  const choose = (index: number): void => {
    history.replaceState(null, "", `#${tabs[index]?.id}`);
    setAt(index);
  };
  const move = (event: KeyboardEvent): void => {
    const moves: Readonly<Record<string, number>> = {
      ArrowRight: at + 1,
      ArrowLeft: at - 1,
      Home: 0,
      End: tabs.length - 1,
    };
    const to = moves[event.key];
    if (to === undefined) return;
    event.preventDefault();
    const next = (to + tabs.length) % tabs.length;
    choose(next);
    buttons.current[next]?.focus();
  };
  const current = tabs[at];
  return (
    <>
      <div class="tabs" role="tablist" aria-label={label} onKeyDown={move}>
        {tabs.map(({ id, title }, index) => (
          <button
            key={id}
            type="button"
            role="tab"
            id={`tab-${id}`}
            aria-controls={`panel-${id}`}
            aria-selected={index === at}
            tabIndex={index === at ? 0 : -1}
            ref={(button) => {
              buttons.current[index] = button;
            }}
            onClick={() => choose(index)}
          >
            {title}
          </button>
        ))}
      </div>
      {current !== undefined && (
        <div key={current.id} role="tabpanel" id={`panel-${current.id}`} aria-labelledby={`tab-${current.id}`}>
          {current.content()}
        </div>
      )}
    </>
  );
}
