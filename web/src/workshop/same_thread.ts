/** Jobs on the caller's own thread, for programs that have no page to keep responsive. */

import type { WorkerPort } from "./client.ts";
import type { Message, Request } from "./jobs.ts";
import { type PagePort, serve } from "./serve.ts";

/** Start a "worker" that computes on this thread. A running job cannot be cancelled. */
export function sameThread(): WorkerPort {
  const page: PagePort = {
    onmessage: null,
    postMessage: (data) => worker.onmessage?.({ data } as MessageEvent<Message>),
  };
  const worker: WorkerPort = {
    onmessage: null,
    onerror: null,
    postMessage: (data) => page.onmessage?.({ data } as MessageEvent<Request>),
    terminate: () => {
      worker.onmessage = null;
    },
  };
  serve(page);
  return worker;
}
