/** Phases in their order: what is over, what goes on now, what comes. */

import { Check } from "lucide";
import type { ComponentChildren } from "preact";

import { t } from "../messages/index.ts";
import { Badge } from "./badge.tsx";
import { Icon } from "./icon.tsx";

export interface Phase {
  readonly title: string;
  readonly state: "done" | "now" | "next";
  /** When it begins or ends, and what a reader can do then. */
  readonly text?: ComponentChildren;
}

/** A list of phases; on wide screens side by side if `across` is set. */
export function Timeline({
  label,
  phases,
  across = false,
}: {
  label: string;
  phases: readonly Phase[];
  across?: boolean;
}) {
  return (
    <ol class={across ? "timeline across" : "timeline"} aria-label={label}>
      {phases.map(({ title, state, text }) => (
        <li key={title} class={state} aria-current={state === "now" ? "step" : undefined}>
          <span class="timeline-mark">
            {state === "done" && <Icon of={Check} label={t("timeline.done")} />}
          </span>
          <p class="timeline-title">
            {title}
            {state === "now" && <Badge tone="accent">{t("timeline.now")}</Badge>}
          </p>
          {text && <div class="hint">{text}</div>}
        </li>
      ))}
    </ol>
  );
}
