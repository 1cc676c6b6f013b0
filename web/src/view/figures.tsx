/** The few numbers of a page that matter most, large. */

import type { ComponentChildren } from "preact";

export interface Figure {
  readonly label: string;
  readonly value: ComponentChildren;
  /** A second value in small type, such as the number behind a percentage. */
  readonly note?: ComponentChildren;
}

export function Figures({ figures }: { figures: readonly Figure[] }) {
  return (
    <dl class="figures">
      {figures.map(({ label, value, note }) => (
        <div key={label}>
          <dt>{label}</dt>
          <dd>
            {value}
            {note && <small>{note}</small>}
          </dd>
        </div>
      ))}
    </dl>
  );
}
