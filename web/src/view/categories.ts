/** Names of a round's categories, where it names them. */

import { createContext } from "preact";
import { useContext } from "preact/hooks";

import { t } from "../messages/index.ts";

/** Names of the categories of a page's round; empty without names. */
export const CategoryNamesContext = createContext<readonly string[]>([]);

/** The name of a category, from 0; without names, its number from 1. */
export function categoryLabel(category: number, names: readonly string[] | undefined): string {
  return names?.[category] ?? t("list.categoryName", { number: category + 1 });
}

/** Names a category of the page's round. */
export function useCategoryLabel(): (category: number) => string {
  const names = useContext(CategoryNamesContext);
  return (category) => categoryLabel(category, names);
}
