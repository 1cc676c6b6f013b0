/** Long lists of options: searched, sorted, by category. */

import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";

import { t, currentLanguage } from "../messages/index.ts";
import { useCategoryLabel } from "./categories.ts";
import { LiveText } from "./meter.tsx";

/** An option with its data. */
export interface Item {
  /** Its place in the list, from 0. */
  readonly place: number;
  readonly title: string;
  readonly text: string;
  readonly cost: bigint | undefined;
  readonly category: number;
}

/** Number of items from which a search field is useful. */
const MANY = 6;

const ORDERS = ["listed", "title", "cheap", "dear"] as const;
type Order = (typeof ORDERS)[number];

/** A list, with a search field and an order if it is long; `shown` renders the entries. */
export function Items({
  items,
  shown,
}: {
  items: readonly Item[];
  shown: (items: readonly Item[]) => ComponentChildren;
}) {
  const [search, setSearch] = useState("");
  const [order, setOrder] = useState<Order>("listed");
  const [category, setCategory] = useState(-1);
  const nameOf = useCategoryLabel();
  const categories = [...new Set(items.map((item) => item.category))].sort((a, b) => a - b);
  const costs = items.some(({ cost }) => cost !== undefined);
  const wanted = search.trim().toLocaleLowerCase(currentLanguage());
  const found = items.filter((item) => {
    const holds = `${item.title}\n${item.text}`
      .toLocaleLowerCase(currentLanguage())
      .includes(wanted);
    return holds && (category < 0 || item.category === category);
  });
  const shownOf = t("list.shown", { shown: found.length, all: items.length });
  return (
    <>
      {items.length >= MANY && (
        <div class="tools">
          <label>
            {t("list.search")}
            <input
              type="search"
              value={search}
              onInput={(event) => {
                setSearch(event.currentTarget.value);
              }}
            />
          </label>
          <label>
            {t("list.sort")}
            <select
              value={order}
              onChange={(event) => {
                setOrder(event.currentTarget.value as Order);
              }}
            >
              {ORDERS.slice(0, costs ? 4 : 2).map((one) => (
                <option key={one} value={one}>
                  {t(`list.orders.${one}`)}
                </option>
              ))}
            </select>
          </label>
          {categories.length > 1 && (
            <label>
              {t("list.category")}
              <select
                value={category}
                onChange={(event) => {
                  setCategory(Number(event.currentTarget.value));
                }}
              >
                <option value={-1}>{t("list.all")}</option>
                {categories.map((one) => (
                  <option key={one} value={one}>
                    {nameOf(one)}
                  </option>
                ))}
              </select>
            </label>
          )}
          <span>{shownOf}</span>
          <LiveText text={shownOf} />
        </div>
      )}
      {shown(found.sort(comparison(order)))}
    </>
  );
}

function comparison(order: Order): (left: Item, right: Item) => number {
  return (left, right) => {
    if (order === "title") return left.title.localeCompare(right.title, currentLanguage());
    const [one, two] = order === "dear" ? [right.cost, left.cost] : [left.cost, right.cost];
    if (order === "listed" || one === two) return left.place - right.place;
    return (one ?? 0n) < (two ?? 0n) ? -1 : 1;
  };
}
