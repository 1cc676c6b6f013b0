/** Functions of compiled catalogues: the library's plural rules, numbers in the region's format. */

import { number as written } from "./format.ts";

export { plural, select } from "@messageformat/runtime";

/** A number within a message. The library's own function loses digits of large numbers. */
export function number(_language: string, value: number | bigint): string {
  return written(value);
}

export { number as strictNumber };
