/** A list without entries: says why, and what to do next. */

import { Inbox, type IconNode } from "lucide";
import type { ComponentChildren } from "preact";

import { Icon } from "./icon.tsx";

export function Empty({
  title,
  icon = Inbox,
  children,
}: {
  title: string;
  icon?: IconNode;
  children?: ComponentChildren;
}) {
  return (
    <div class="empty">
      <Icon of={icon} />
      <p class="empty-title">{title}</p>
      {children}
    </div>
  );
}
