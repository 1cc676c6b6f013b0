/**
 * The bulletin board of a poll, from the gateway, or from any node when the gateway does not give
 * it.
 */

import type { Committee } from "../protocol/parameters.ts";
import { type BytesProgress, Gateway, Refusal, Unreachable } from "./gateway.ts";

/** Far more than a browser can audit in reasonable time. */
const MAX_BOARD_BYTES = 256 * 2 ** 20;

/** Fetch a board; its source is not trusted, so callers check its content. */
export async function fetchBoard(
  gateway: Gateway,
  pollId: bigint,
  { members }: Pick<Committee, "members">,
  progress?: BytesProgress,
): Promise<Uint8Array> {
  let failure: unknown;
  for (const source of [gateway, ...members.map(({ url }) => new Gateway(url))]) {
    try {
      return await source.download(`/polls/${pollId}/board`, MAX_BOARD_BYTES, progress);
    } catch (error) {
      if (!(error instanceof Refusal || error instanceof Unreachable)) throw error;
      failure ??= error;
    }
  }
  throw failure;
}
