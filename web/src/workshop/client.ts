/**
 * The page's side of the worker: runs one job at a time; each can be cancelled.
 *
 * A job computes without a pause, so cancelling it terminates its worker; the next job starts a new
 * one.
 */

import {
  errorOf,
  type Jobs,
  type Kind,
  type Message,
  type Progress,
  type Request,
} from "./jobs.ts";

/** A worker as the page sees it. */
export interface WorkerPort {
  postMessage(message: Request): void;
  onmessage: ((event: MessageEvent<Message>) => unknown) | null;
  /** Called when the worker cannot be loaded or fails. */
  onerror: ((event: ErrorEvent) => unknown) | null;
  terminate(): void;
}

/** Options of a job. */
export interface JobOptions {
  readonly signal?: AbortSignal;
  readonly progress?: Progress;
}

interface Waiting {
  readonly request: Request;
  readonly progress: Progress | undefined;
  readonly resolve: (output: Jobs[Kind]["output"]) => void;
  readonly reject: (error: unknown) => void;
}

export class WorkerClient {
  readonly #start: () => WorkerPort;
  readonly #queue: Waiting[] = [];
  #worker: WorkerPort | undefined;
  #running: Waiting | undefined;
  #lastId = 0;

  /** @param start Starts a worker; called when a job waits and no worker runs. */
  constructor(start: () => WorkerPort) {
    this.#start = start;
  }

  /**
   * Run a job.
   *
   * @throws The job's error; the signal's reason when the job was cancelled; Error when the worker
   *   failed.
   */
  run<K extends Kind>(
    kind: K,
    input: Jobs[K]["input"],
    { signal, progress }: JobOptions = {},
  ): Promise<Jobs[K]["output"]> {
    return new Promise<Jobs[Kind]["output"]>((resolve, reject) => {
      signal?.throwIfAborted();
      const request = { id: ++this.#lastId, kind, input } as Request;
      const callOff = () => {
        this.#callOff(request, signal?.reason);
      };
      signal?.addEventListener("abort", callOff, { once: true });
      const settling = <T>(settle: (value: T) => void) => {
        return (value: T) => {
          signal?.removeEventListener("abort", callOff);
          settle(value);
        };
      };
      this.#queue.push({ request, progress, resolve: settling(resolve), reject: settling(reject) });
      this.#next();
    });
  }

  /** Terminate the worker and reject waiting jobs. */
  close(): void {
    const reason = new Error("the workshop is closed");
    for (const { reject } of this.#queue.splice(0)) reject(reason);
    this.#endWorker(reason);
  }

  #next(): void {
    if (this.#running) return;
    this.#running = this.#queue.shift();
    if (!this.#running) return;
    this.#worker ??= this.#open();
    this.#worker.postMessage(this.#running.request);
  }

  #open(): WorkerPort {
    const worker = this.#start();
    worker.onmessage = ({ data }) => {
      this.#receive(data);
    };
    worker.onerror = ({ message }) => {
      this.#endWorker(new Error(`the worker broke down: ${message}`));
      this.#next();
    };
    return worker;
  }

  #receive(message: Message): void {
    const job = this.#running;
    if (job?.request.id !== message.id) return;
    if ("progress" in message) {
      job.progress?.(...message.progress);
      return;
    }
    this.#running = undefined;
    if ("output" in message) job.resolve(message.output);
    else job.reject(errorOf(message.failure));
    this.#next();
  }

  #callOff(request: Request, reason: unknown): void {
    const place = this.#queue.findIndex((job) => job.request === request);
    if (place >= 0) this.#queue.splice(place, 1)[0]!.reject(reason);
    else if (this.#running?.request === request) {
      this.#endWorker(reason);
      this.#next();
    }
  }

  #endWorker(reason: unknown): void {
    this.#worker?.terminate();
    this.#worker = undefined;
    this.#running?.reject(reason);
    this.#running = undefined;
  }
}
