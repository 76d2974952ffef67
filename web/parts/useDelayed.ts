import { useEffect, useState } from "preact/hooks";

const pauseMs = 250;

/** `value` as it was when it last rested: what is typed asks once, not with every letter. */
export function useDelayed<Value>(value: Value): Value {
  const [rested, setRested] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setRested(value), pauseMs);
    return () => clearTimeout(timer);
  }, [value]);
  return rested;
}
