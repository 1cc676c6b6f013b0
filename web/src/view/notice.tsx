/** Something that the reader should know, in a box with an icon for its kind. */

import { CircleAlert, CircleCheck, Info, TriangleAlert } from "lucide";
import type { ComponentChildren } from "preact";

import { Icon } from "./icon.tsx";

const ICONS = { info: Info, good: CircleCheck, warn: TriangleAlert, bad: CircleAlert } as const;

/**
 * A notice with a title; `bad` is announced at once, everything else when the reader is ready.
 *
 * A notice that is in the page from the start needs no announcement: set `still`.
 */
export function Notice({
  tone,
  title,
  still = false,
  children,
}: {
  tone: keyof typeof ICONS;
  title: ComponentChildren;
  still?: boolean;
  children?: ComponentChildren;
}) {
  const role = still ? undefined : tone === "bad" ? "alert" : "status";
  return (
    <div class={`notice ${tone}`} role={role}>
      <p class="notice-title">
        <Icon of={ICONS[tone]} />
        <span>{title}</span>
      </p>
      {children}
    </div>
  );
}
