/** How much of something is used, as a bar and as text. */

import { useEffect, useState } from "preact/hooks";

/** A text must stay the same for this long before it is announced. */
const CALM_MS = 1000;

export function Meter({
  label,
  value,
  most,
  text,
}: {
  label: string;
  value: bigint;
  most: bigint;
  text: string;
}) {
  const over = value > most;
  const filled = most > 0n ? Number((value * 1000n) / most) / 10 : 0;
  return (
    <div class={over ? "meter over" : "meter"}>
      <span>{label}</span> <span class="used">{text}</span>
      <div class="bar" aria-hidden="true">
        <div style={{ width: `${Math.min(100, Math.max(0, filled))}%` }} />
      </div>
    </div>
  );
}

/** Announces a text to screen readers, once it has stayed the same for a second. */
export function LiveText({ text }: { text: string }) {
  const [announced, setAnnounced] = useState(text);
  useEffect(() => {
    const timer = setTimeout(() => {
      setAnnounced(text);
    }, CALM_MS);
    return () => {
      clearTimeout(timer);
    };
  }, [text]);
  return <output class="heard">{announced}</output>;
}
