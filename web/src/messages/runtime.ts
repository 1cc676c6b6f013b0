/** What compiled catalogues call: plural rules by the library, numbers as the region writes them. */

import { number as written } from "./format.ts";

export { plural, select } from "@messageformat/runtime";

/** A number within a message. The library's own function is wrong for large ones: it subtracts. */
export function number(_language: string, value: number | bigint): string {
  return written(value);
}

export { number as strictNumber };
