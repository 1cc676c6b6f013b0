/** Names of categories at the end of a round's text. */

import { expect, test } from "vitest";

import { withoutNames } from "../../web/src/client/category_names.ts";

test.each([
  ["For all of us.\n\n[1] Parks\n[2] Sport", 2, "For all of us."],
  ["[1] Parks\n[2] Sport", 2, ""],
  ["Plans:\n[1] Trees\n\n[1] Parks", 1, "Plans:\n[1] Trees"],
  ["Without names", 0, "Without names"],
  ["[1] Parks\n[2] Sport", 1, "[1] Parks\n[2] Sport"],
  ["[1] Parks\n[3] Sport", 2, "[1] Parks\n[3] Sport"],
  ["[1] Parks\n[2]  ", 2, "[1] Parks\n[2]  "],
  ["[1] Parks", 2, "[1] Parks"],
  ["A text\n[1] Parks\nwith more", 1, "A text\n[1] Parks\nwith more"],
])("%j with %d names", (text, count, rest) => {
  expect(withoutNames(text, count)).toBe(rest);
});
