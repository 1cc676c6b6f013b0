/** Icons of Lucide (lucide.dev), drawn in the size and the colour of the text around them. */

import { h } from "preact";
import type { IconNode } from "lucide";

/** An icon; without a label it is decoration, which screen readers skip. */
export function Icon({ of, label }: { of: IconNode; label?: string }) {
  const heard =
    label === undefined
      ? ({ "aria-hidden": true } as const)
      : ({ role: "img", "aria-label": label } as const);
  return (
    <svg
      class="icon"
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      stroke-width="2"
      stroke-linecap="round"
      stroke-linejoin="round"
      {...heard}
    >
      {of.map(([tag, attributes]) => h(tag, attributes as object))}
    </svg>
  );
}
