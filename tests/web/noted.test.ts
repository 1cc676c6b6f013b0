/** Ballot numbers that a link carries. */

import { expect, test } from "vitest";

import { carriedBy } from "../../web/src/client/noted.ts";
import { toHex } from "../../web/src/protocol/encoding.ts";

test("a number that arrives with its opened ballot is not noted", () => {
  const number = `0x${"ab".repeat(32)}`;
  expect(toHex(carriedBy(`#number=${number}`).number!)).toBe(number);
  expect(carriedBy("#opening=%7B%7D")).toEqual({ number: undefined, opening: "{}" });
  expect(carriedBy(`#number=${number}&opening=%7B%7D`).number).toBeUndefined();
  expect(carriedBy("#number=0x12").number).toBeUndefined();
  expect(carriedBy("")).toEqual({ number: undefined, opening: "" });
});
