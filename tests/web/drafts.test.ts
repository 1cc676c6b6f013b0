/** Drafts that a browser stores. */

import { expect, test } from "vitest";

import { dropDraft, readDraft, writeDraft } from "../../web/src/client/drafts.ts";
import { Shelf } from "./support/shelf.ts";
import { POLL } from "./support/votes.ts";

test("drafts are stored until they are deleted", () => {
  const shelf = new Shelf();
  expect(readDraft(shelf, POLL.context)).toBeUndefined();
  writeDraft(shelf, POLL.context, [{ chosen: [1], amounts: [] }]);
  expect(readDraft(shelf, POLL.context)).toEqual([{ chosen: [1], amounts: [] }]);
  expect(readDraft(shelf, new Uint8Array(32))).toBeUndefined();
  dropDraft(shelf, POLL.context);
  expect(shelf.length).toBe(0);
});
