/** Parts of a page that open one by one; the browser finds text in closed ones too. */

import { ChevronRight } from "lucide";
import type { ComponentChildren } from "preact";

import { Icon } from "./icon.tsx";

/** A group of `Disclosure`s, drawn as one box. */
export function Disclosures({ children }: { children: ComponentChildren }) {
  return <div class="disclosures">{children}</div>;
}

export function Disclosure({
  summary,
  aside,
  open = false,
  children,
}: {
  summary: ComponentChildren;
  /** At the end of the line, such as a badge. */
  aside?: ComponentChildren;
  open?: boolean;
  children: ComponentChildren;
}) {
  return (
    <details class="disclosure" open={open}>
      <summary>
        <Icon of={ChevronRight} />
        <span>{summary}</span>
        {aside && <span class="aside">{aside}</span>}
      </summary>
      <div class="disclosure-body">{children}</div>
    </details>
  );
}
