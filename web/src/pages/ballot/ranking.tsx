/** A question answered by a ranking, whose options are moved by dragging or by buttons. */

import { useEffect, useRef, useState } from "preact/hooks";

import { t } from "../../messages/index.ts";
import { Pairwise } from "../../protocol/question/pairwise.ts";
import type { Ranking } from "../../protocol/question/ranking.ts";
import { disambiguate } from "../../protocol/question/votes.ts";
import { useDragging } from "../../view/dragging.ts";
import { Items } from "../../view/items.tsx";
import type { FieldProps } from "./field.ts";
import { itemsOf, Named, Story } from "./selection.tsx";

export function RankingField({
  question,
  answer,
  change,
  details,
  name,
}: FieldProps<Ranking | Pairwise>) {
  const { places, fewest } = question;
  const options = disambiguate(question.options);
  const placed = answer.chosen;
  const [announcement, setAnnouncement] = useState("");
  const [focused, setFocused] = useState("");
  const list = useRef<HTMLDivElement>(null);
  // An element that moves in the document loses the focus; restore it for the next move.
  useEffect(() => {
    if (!focused) return;
    const own = list.current?.querySelector<HTMLButtonElement>(`[data-id="${focused}"]`);
    const next = own && !own.disabled ? own : own?.parentElement?.querySelector("button:enabled");
    (next as HTMLButtonElement | undefined)?.focus();
    setFocused("");
  }, [focused]);
  const place = (chosen: readonly number[], option: number, button: string) => {
    change({ chosen, amounts: [] });
    const now = chosen.indexOf(option);
    const title = options[option]!;
    setAnnouncement(
      now < 0
        ? t("form.removed", { option: title })
        : t("form.moved", { option: title, place: now + 1 }),
    );
    setFocused(button);
  };
  const move = (from: number, to: number, button?: string) => {
    const chosen = [...placed];
    const [option] = chosen.splice(from, 1);
    chosen.splice(to, 0, option!);
    place(chosen, option!, button ? `${button}-${option}` : "");
  };
  const [held, gripOf] = useDragging(move);
  const others = itemsOf(question.options, details).filter((item) => !placed.includes(item.place));
  return (
    <div ref={list}>
      <p>
        {fewest === places
          ? t("form.rankingExactly", { most: fewest })
          : t("form.ranking", { least: fewest, most: places })}
        {question instanceof Pairwise && fewest < places && ` ${t("form.tiedBelow")}`}
      </p>
      <h3 id={`${name}-places`}>{t("form.places")}</h3>
      {!placed.length && <p class="hint">{t("form.noPlaces")}</p>}
      <ol class="places" aria-labelledby={`${name}-places`}>
        {placed.map((option, at) => (
          <li key={option} class={held === at ? "held" : ""}>
            <span class="grip" aria-hidden="true" {...gripOf(at)}>
              ⠿
            </span>
            <span class="placed">
              {t("form.place", { place: at + 1, option: options[option]! })}
            </span>
            <span class="moves">
              <button
                type="button"
                data-id={`up-${option}`}
                aria-label={t("form.up", { option: options[option]! })}
                disabled={at === 0}
                onClick={() => {
                  move(at, at - 1, "up");
                }}
              >
                ↑
              </button>
              <button
                type="button"
                data-id={`down-${option}`}
                aria-label={t("form.down", { option: options[option]! })}
                disabled={at === placed.length - 1}
                onClick={() => {
                  move(at, at + 1, "down");
                }}
              >
                ↓
              </button>
              <button
                type="button"
                aria-label={t("form.remove", { option: options[option]! })}
                onClick={() => {
                  place(
                    placed.filter((one) => one !== option),
                    option,
                    `add-${option}`,
                  );
                }}
              >
                ×
              </button>
            </span>
          </li>
        ))}
      </ol>
      {others.length > 0 && placed.length < places && (
        <>
          <h3>{t("form.unplaced")}</h3>
          <Items
            items={others}
            shown={(items) =>
              items.map((item) => (
                <div class="choice" key={item.place}>
                  <button
                    type="button"
                    data-id={`add-${item.place}`}
                    aria-label={t("form.add", { option: item.title })}
                    onClick={() => {
                      place([...placed, item.place], item.place, `down-${item.place}`);
                    }}
                  >
                    +
                  </button>
                  <Named item={item} />
                  <Story item={item} />
                </div>
              ))
            }
          />
        </>
      )}
      <p role="status" class="quiet">
        {announcement}
      </p>
    </div>
  );
}
