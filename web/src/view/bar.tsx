/** A whole and its parts, as a bar and in words. */

import type { ComponentChildren } from "preact";

export interface BarPart {
  readonly value: bigint;
  readonly tone?: "accent" | "light" | "good" | "warn" | "bad";
}

/**
 * A bar such as a budget's: its parts from left to right, what is missing to `whole` stays empty.
 *
 * The bar itself is hidden from screen readers: `label` and `text` say the same in words.
 */
export function Bar({
  label,
  text,
  whole,
  parts,
}: {
  label: ComponentChildren;
  text: ComponentChildren;
  whole: bigint;
  parts: readonly BarPart[];
}) {
  return (
    <div class="bar-row">
      <p class="bar-head">
        <span>{label}</span> <strong>{text}</strong>
      </p>
      <div class="bar" aria-hidden="true">
        {parts.map(({ value, tone = "accent" }, place) => (
          <div key={place} class={tone} style={{ width: `${widthOf(value, whole)}%` }} />
        ))}
      </div>
    </div>
  );
}

/** A part of a whole as a bar without words; the numbers are beside it. */
export function ShareBar({ part, whole }: { part: bigint; whole: bigint }) {
  return (
    <div class="bar" aria-hidden="true">
      <div style={{ width: `${widthOf(part, whole)}%` }} />
    </div>
  );
}

/** Width of a part in percent, from 0 to 100. */
export function widthOf(value: bigint, whole: bigint): number {
  if (whole <= 0n || value <= 0n) return 0;
  return value >= whole ? 100 : Number((value * 1000n) / whole) / 10;
}
