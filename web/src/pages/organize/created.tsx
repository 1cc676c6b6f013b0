/** A plan that was just created. */

import { words } from "../../messages/index.ts";

export function Created({ plan }: { plan: string }) {
  const text = words.organize.wizard;
  return (
    <>
      <p class="notice good">{text.createdText}</p>
      <p>
        <a class="button" href={`/organize/${plan}`}>
          {text.toPlan}
        </a>
      </p>
    </>
  );
}
