/**
 * One gateway over HTTP: answers, refusals, streams.
 *
 * Answers are not verified here; callers that must not trust the gateway check them (`published`,
 * `chain`).
 *
 * Source: docs/protocol.md §16; RFC 9457; the server-sent events of the HTML standard.
 */

import { Malformed } from "../protocol/errors.ts";
import { type Problem, problem } from "./problem.ts";
import type { Shape } from "./shape.ts";

const TIMEOUT_MS = 60_000;
/** For transactions: the gateway answers when they are mined or take too long. */
export const MINING_MS = 300_000;
const ATTEMPTS = 4;
/** How long an answer that was asked for ahead counts as current. */
const AHEAD_MS = 10_000;
const MAX_PAUSE_S = 5;

/** Called with received and total bytes; the total is 0 where it is unknown. */
export type BytesProgress = (done: number, total: number) => void;

/** The other side refused the request, or is unable to serve it now (status 500 and above). */
export class Refusal extends Error {
  override readonly name = "Refusal";
  readonly problem: Problem;

  constructor(problem: Problem) {
    super([problem.title, problem.field, problem.detail].filter(Boolean).join(": "));
    this.problem = problem;
  }
}

/** Nobody answers, or the answer is not a gateway's. */
export class Unreachable extends Error {
  override readonly name = "Unreachable";
}

/** A gateway, or a node, which serves some of the same paths. */
export class Gateway {
  readonly #base: string;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #patienceMs: number;
  readonly #ahead = new Map<string, { readonly at: number; readonly answer: Promise<Response> }>();

  /**
   * @param url Its URL without `/api/v1`; "" for the origin of this page.
   * @param token The organizer's token; without one, requests are anonymous.
   * @param patienceMs How long an answer may take.
   */
  constructor(url = "", token = "", patienceMs = TIMEOUT_MS) {
    this.#patienceMs = patienceMs;
    this.#base = `${url.replace(/\/+$/, "")}/api/v1`;
    this.#headers = token ? { Authorization: `Bearer ${token}` } : {};
  }

  /** Ask now for resources that a page will need; the next `get` of each path takes the answer. */
  ahead(paths: readonly string[]): void {
    for (const path of paths) {
      const answer = this.#request("GET", path, {});
      // Whoever takes it learns of the failure.
      answer.catch(() => undefined);
      this.#ahead.set(path, { at: performance.now(), answer });
    }
  }

  /**
   * Get a resource; repeats the request while the gateway reports that it is catching up.
   *
   * @throws Refusal, Unreachable: see the classes. Malformed: the answer has another form.
   */
  async get<T>(
    path: string,
    shape: Shape<T>,
    signal?: AbortSignal,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      const early = Object.keys(headers).length ? undefined : this.#takeAhead(path);
      const response = await (early ?? this.#request("GET", path, { headers }, signal));
      const pause = Number(response.headers.get("Retry-After"));
      if (response.status !== 503 || !pause || attempt === ATTEMPTS) {
        return await this.#read(response, path, shape);
      }
      await new Promise((later) => setTimeout(later, 1000 * Math.min(pause, MAX_PAUSE_S)));
    }
  }

  /**
   * Post a request once and return its answer.
   *
   * @param key Idempotency key: the gateway executes requests with the same key once.
   */
  async post<T>(path: string, body: unknown, shape: Shape<T>, key = ""): Promise<T> {
    return await this.#send("POST", path, body, shape, key ? { "Idempotency-Key": key } : {});
  }

  /** Put a resource once and return the answer. */
  async put<T>(path: string, body: unknown, shape: Shape<T>): Promise<T> {
    return await this.#send("PUT", path, body, shape);
  }

  /** Delete a resource. */
  async delete(path: string, headers: Readonly<Record<string, string>>): Promise<void> {
    const response = await this.#request("DELETE", path, { headers });
    if (!response.ok) throw await refusal(response);
  }

  /** Post a file as it is, and return the answer. */
  async upload<T>(path: string, file: Blob, shape: Shape<T>): Promise<T> {
    const headers = { "Content-Type": "application/octet-stream" };
    return await this.#read(
      await this.#request("POST", path, { headers, body: file }),
      path,
      shape,
    );
  }

  /** Bytes of a resource of at most `limit` bytes. */
  async download(
    path: string,
    limit: number,
    progress: BytesProgress = () => undefined,
    signal?: AbortSignal,
  ): Promise<Uint8Array> {
    const response = await this.#request("GET", path, {}, signal);
    if (!response.ok) throw await refusal(response);
    // Content lengths are of compressed bytes, so they do not give the total.
    const packed = response.headers.has("Content-Encoding");
    const total = packed ? 0 : Number(response.headers.get("Content-Length"));
    const chunks: Uint8Array[] = [];
    let done = 0;
    try {
      for (const reader = response.body!.getReader(); ;) {
        const read = await reader.read();
        if (read.done) break;
        chunks.push(read.value);
        done += read.value.length;
        if (done > limit) throw new Malformed(path, `more than ${limit} bytes`);
        progress(done, total);
      }
    } catch (error) {
      if (error instanceof Malformed) throw error;
      throw new Unreachable(`${path}: broken off`, { cause: error });
    }
    const whole = new Uint8Array(done);
    let at = 0;
    for (const chunk of chunks) {
      whole.set(chunk, at);
      at += chunk.length;
    }
    return whole;
  }

  /**
   * Receive the events of a stream, across reconnections, until the returned function is called.
   *
   * Unreadable events are skipped; another one will follow.
   */
  events<T>(path: string, name: string, shape: Shape<T>, onEvent: (event: T) => void): () => void {
    const source = new EventSource(this.#base + path);
    source.addEventListener(name, ({ data }: MessageEvent<string>) => {
      let event: T;
      try {
        event = shape(JSON.parse(data), name);
      } catch {
        return;
      }
      onEvent(event);
    });
    return () => {
      source.close();
    };
  }

  #takeAhead(path: string): Promise<Response> | undefined {
    const early = this.#ahead.get(path);
    this.#ahead.delete(path);
    return early && performance.now() - early.at < AHEAD_MS ? early.answer : undefined;
  }

  async #send<T>(
    method: string,
    path: string,
    body: unknown,
    shape: Shape<T>,
    more: Readonly<Record<string, string>> = {},
  ): Promise<T> {
    const headers = { "Content-Type": "application/json", ...more };
    const response = await this.#request(method, path, { headers, body: JSON.stringify(body) });
    return await this.#read(response, path, shape);
  }

  async #request(
    method: string,
    path: string,
    more: { headers?: Readonly<Record<string, string>>; body?: string | Blob },
    signal?: AbortSignal,
  ): Promise<Response> {
    const patience = AbortSignal.timeout(this.#patienceMs);
    const signals = signal ? AbortSignal.any([signal, patience]) : patience;
    try {
      return await fetch(this.#base + path, {
        ...more,
        headers: { ...this.#headers, ...more.headers },
        method,
        signal: signals,
        redirect: "error",
        credentials: "omit",
        cache: "no-store",
      });
    } catch (error) {
      signal?.throwIfAborted();
      throw new Unreachable(path, { cause: error });
    }
  }

  async #read<T>(response: Response, path: string, shape: Shape<T>): Promise<T> {
    if (!response.ok) throw await refusal(response);
    let content: unknown;
    try {
      content = await response.json();
    } catch (error) {
      throw new Unreachable(path, { cause: error });
    }
    return shape(content, path);
  }
}

async function refusal(response: Response): Promise<Refusal> {
  const { status, headers } = response;
  let reported: Problem;
  try {
    reported = problem(await response.json(), "answer");
  } catch {
    reported = problem({ status }, "answer");
  }
  const pauseS = Number(headers.get("Retry-After")) || 0;
  return new Refusal({ ...reported, status, retryAfterS: reported.retryAfterS || pauseS });
}
