/** Fetching a board: a source that is silent or drips costs a moment, not the board. */

import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";

import { fetchBoard } from "../../web/src/client/board.ts";
import { Gateway, Refusal } from "../../web/src/client/gateway.ts";
import { POLL } from "./support/votes.ts";

const BOARD = new Uint8Array([1, 2, 3]);

/** Answers one byte a second, until it is aborted. */
function dripping(signal: AbortSignal): Response {
  const stream = new ReadableStream<Uint8Array>({
    start(controller) {
      const timer = setInterval(() => {
        controller.enqueue(new Uint8Array(1));
      }, 1_000);
      signal.addEventListener("abort", () => {
        clearInterval(timer);
        controller.error(signal.reason);
      });
    },
  });
  return new Response(stream);
}

describe("a board", () => {
  const asked: string[] = [];
  const aborted = vi.fn();

  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
    vi.unstubAllGlobals();
    asked.length = 0;
    aborted.mockClear();
  });

  type Source = (signal: AbortSignal) => Promise<Response>;
  const never: Source = (signal) => {
    return new Promise((_, reject) => {
      signal.addEventListener("abort", () => {
        aborted();
        reject(new TypeError("aborted"));
      });
    });
  };
  const drips: Source = (signal) => {
    signal.addEventListener("abort", aborted);
    return Promise.resolve(dripping(signal));
  };
  const gives: Source = () => Promise.resolve(new Response(BOARD));
  const refuses: Source = () => Promise.resolve(new Response("{}", { status: 503 }));

  const fetching = (gateway: Source, nodes: Source) => {
    vi.stubGlobal("fetch", (url: string, { signal }: { signal: AbortSignal }) => {
      asked.push(url);
      return url.startsWith("https://") ? nodes(signal) : gateway(signal);
    });
    return fetchBoard(new Gateway(), POLL.pollId, POLL.committee);
  };

  test("comes from the gateway alone where it gives one", async () => {
    await expect(fetching(gives, gives)).resolves.toEqual(BOARD);
    expect(asked).toHaveLength(1);
  });

  test.each([
    ["silent", never],
    ["dripping", drips],
  ])("comes from a node while the gateway is %s", async (_, gateway) => {
    const board = fetching(gateway, gives);
    await vi.advanceTimersByTimeAsync(5_000);
    await expect(board).resolves.toEqual(BOARD);
    expect(asked).toHaveLength(2);
    expect(aborted).toHaveBeenCalledOnce();
  });

  test("comes from the next node at once when one refuses", async () => {
    let times = 0;
    const first: Source = (signal) => (times++ ? gives(signal) : refuses(signal));
    await expect(fetching(refuses, first)).resolves.toEqual(BOARD);
    expect(asked).toHaveLength(3);
  });

  test("is refused for the gateway's reason when nobody gives it", async () => {
    await expect(fetching(refuses, refuses)).rejects.toBeInstanceOf(Refusal);
    expect(asked).toHaveLength(1 + POLL.committee.members.length);
  });
});
