/**
 * The bulletin board of a poll, from the gateway, or from any node when the gateway does not give
 * it in time.
 */

import type { Committee } from "../protocol/parameters.ts";
import { type BytesProgress, Gateway } from "./gateway.ts";

/** Far more than a browser can audit in reasonable time. */
const MAX_BOARD_BYTES = 256 * 2 ** 20;
/** The next source is asked as well when fewer bytes than that arrive in that time. */
const STALL_BYTES = 2 ** 14;
const STALL_MS = 1_500;

/**
 * Fetch a board; its source is not trusted, so callers check its content.
 *
 * A source that is silent or drips delays the others by a moment only: the first whole board counts.
 *
 * @throws Refusal, Unreachable, Malformed: the gateway's failure, when no source gives a board.
 */
export async function fetchBoard(
  gateway: Gateway,
  pollId: bigint,
  { members }: Pick<Committee, "members">,
  progress: BytesProgress = () => undefined,
): Promise<Uint8Array> {
  const done = new AbortController();
  const downloads: Promise<Uint8Array>[] = [];
  const received: number[] = [];
  const download = async (source: Gateway) => {
    const place = received.push(0) - 1;
    const note: BytesProgress = (bytes, total) => {
      received[place] = bytes;
      if (bytes >= Math.max(...received)) progress(bytes, total);
    };
    return await source.download(`/polls/${pollId}/board`, MAX_BOARD_BYTES, note, done.signal);
  };
  const stalled = async () => {
    for (let before = -STALL_BYTES; !done.signal.aborted;) {
      const now = received.reduce((sum, bytes) => sum + bytes, 0);
      if (now - before < STALL_BYTES) return;
      before = now;
      await new Promise((resolve) => setTimeout(resolve, STALL_MS));
    }
  };
  try {
    for (const source of [gateway, ...members.map(({ url }) => new Gateway(url))]) {
      downloads.push(download(source));
      // All failures so far, or none in time: the next source is asked.
      const board = Promise.any(downloads).catch(() => undefined);
      const found = await Promise.race([board, stalled()]);
      if (found) return found;
    }
    return await Promise.any(downloads);
  } catch (error) {
    throw error instanceof AggregateError ? error.errors[0] : error;
  } finally {
    done.abort();
  }
}
