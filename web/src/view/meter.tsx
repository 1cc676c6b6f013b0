/** How much of something is used, as a bar and in words. */

import { useEffect, useState } from "preact/hooks";

/** For so long nothing may change before it is told. */
const CALM_MS = 1000;

export function Meter({
  label,
  value,
  most,
  says,
}: {
  label: string;
  value: bigint;
  most: bigint;
  says: string;
}) {
  const over = value > most;
  const filled = most > 0n ? Number((value * 1000n) / most) / 10 : 0;
  return (
    <div class={over ? "meter over" : "meter"}>
      <span>{label}</span> <span class="used">{says}</span>
      <div class="bar" aria-hidden="true">
        <div style={{ width: `${Math.min(100, Math.max(0, filled))}%` }} />
      </div>
    </div>
  );
}

/** Tells those who hear the page what it shows, but not at every key: when it stays so. */
export function Told({ says }: { says: string }) {
  const [told, tell] = useState(says);
  useEffect(() => {
    const timer = setTimeout(() => {
      tell(says);
    }, CALM_MS);
    return () => {
      clearTimeout(timer);
    };
  }, [says]);
  return <output class="heard">{told}</output>;
}
