/** A state in a word or two; its colour repeats what the word says. */

import type { IconNode } from "lucide";
import type { ComponentChildren } from "preact";

import { Icon } from "./icon.tsx";

/** Colour of a state; `accent` for what goes on now, `neutral` for what is over or to come. */
export type Tone = "neutral" | "accent" | "good" | "warn" | "bad";

export function Badge({
  tone = "neutral",
  icon,
  children,
}: {
  tone?: Tone;
  icon?: IconNode;
  children: ComponentChildren;
}) {
  return (
    <span class={`badge ${tone}`}>
      {icon && <Icon of={icon} />}
      {children}
    </span>
  );
}
