/**
 * Minimal Ethereum JSON-RPC client; answers are only as trustworthy as the endpoint.
 *
 * Methods throw Unanswered when the endpoint is unreachable or its answer is invalid; Refused, a
 * kind of Unanswered, when it refuses; Reverted when the contract does. An endpoint's faults are no
 * evidence against a poll. Readers of the ABI throw Malformed, which `ofChain` turns into
 * Unanswered.
 *
 * Source: Ethereum JSON-RPC specification; the contract ABI.
 */

import { fromHex, keccak256, sameBytes, toHex, utf8, WORD_BYTES } from "../protocol/encoding.ts";
import { Malformed, Unanswered } from "../protocol/errors.ts";
import { type UnixSeconds, unixSeconds } from "../protocol/units.ts";

const MAX_ANSWER_BYTES = 64 * 2 ** 20;
const TIMEOUT_MS = 60_000;
/** Blocks in one request for events where an endpoint limits the range. */
const LOG_BLOCKS = 10_000n;
/** With fewer blocks, a refusal is not about the range. */
const FEWEST_LOG_BLOCKS = 16n;
const MAX_LOG_REQUESTS = 5_000;
const CALLS_AT_ONCE = 100;
/** Longest answer to one of many calls, all of which are kept: a few words. */
const MAX_EACH_BYTES = 1024;
/** Of 64 bits, in hexadecimal. */
const QUANTITY_DIGITS = 16;
const BALANCE_DIGITS = 64;
const ATTEMPTS = 5;
/** Fewer where nobody answers: browsers do not say that an endpoint refuses other sites. */
const LOST_ATTEMPTS = 3;
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 20_000;
/** Too many requests, and a proxy's statuses while its server is unavailable. */
const PASSING_STATUSES = [429, 502, 503, 504];
/** Endpoints' wordings for too many requests, or a replica without the newest block. */
const PASSING = /header not found|unknown block|block not found|rate limit|too many requests/i;
/** Clients' wordings for a contract that refuses or has no such function. */
const REVERTED = /revert|opcode|out ?of ?gas/i;

/** The endpoint refuses this request; it may accept another one. */
export class Refused extends Unanswered {}

/** The endpoint ran the call, and the contract refused it. */
export class Reverted extends Refused {}

/** An event: its topics of 32 bytes each, its data, its block, its transaction's hash. */
export interface Log {
  readonly topics: readonly Uint8Array[];
  readonly data: Uint8Array;
  readonly block: bigint;
  readonly transaction: Uint8Array;
}

/** First topics that an event must have. */
export type Topics = readonly Uint8Array[];

/** Contracts of one deployment, and the block of the oldest of them. */
export interface Deployment {
  readonly block: bigint;
  readonly contracts: readonly Uint8Array[];
}

/** One endpoint. */
export class JsonRpc {
  readonly #url: string;
  readonly #deployment: Deployment | undefined;
  readonly #pause: (milliseconds: number) => Promise<void>;
  readonly #oldest = new Map<string, Promise<bigint>>();
  #takesBatches = true;
  /** Blocks of events that the endpoint gave at once; undefined while it limited none. */
  #logBlocks: bigint | undefined;

  /**
   * @param deployment Where events begin. A wrong one hides events, which are then found missing.
   * @param pause Waits before a request is sent again.
   */
  constructor(url: string, deployment?: Deployment, pause = sleep) {
    this.#url = url;
    this.#deployment = deployment;
    this.#pause = pause;
  }

  /** Id of the chain that it serves. */
  async chainId(): Promise<bigint> {
    return readQuantity(await this.#ask("eth_chainId", []), "eth_chainId");
  }

  /** Number of its latest block. */
  async newestBlock(): Promise<bigint> {
    return readQuantity(await this.#ask("eth_blockNumber", []), "eth_blockNumber");
  }

  /** Time of a block. */
  async timestamp(block: bigint): Promise<UnixSeconds> {
    const method = "eth_getBlockByNumber";
    const answer = await this.#ask(method, [quantity(block), false]);
    if (typeof answer !== "object" || !answer) {
      // A reorganization, or a replica behind the one that answered before.
      throw new Unanswered(`${method}: the RPC endpoint has no block ${block}`);
    }
    const { timestamp } = answer as { readonly timestamp?: unknown };
    return unixSeconds(readQuantity(timestamp, method));
  }

  /** Code of an account. */
  async code(address: Uint8Array, block: bigint): Promise<Uint8Array> {
    const code = await this.#ask("eth_getCode", [toHex(address), quantity(block)]);
    return readBytes(code, "eth_getCode");
  }

  /** The chain's coins of an account. */
  async balance(address: Uint8Array, block: bigint): Promise<bigint> {
    const answer = await this.#ask("eth_getBalance", [toHex(address), quantity(block)]);
    return readQuantity(answer, "eth_getBalance", BALANCE_DIGITS);
  }

  /** How many transactions an account has sent. */
  async transactionCount(address: Uint8Array, block: bigint): Promise<bigint> {
    const method = "eth_getTransactionCount";
    return readQuantity(await this.#ask(method, [toHex(address), quantity(block)]), method);
  }

  /** Call a view. */
  async call(
    address: Uint8Array,
    signature: string,
    data: Uint8Array,
    block: bigint,
  ): Promise<Uint8Array> {
    const answer = await this.#ask("eth_call", callOf(address, signature, data, block));
    return readBytes(answer, signature);
  }

  /** Call a view with each of many arguments, in batches where the endpoint accepts them. */
  async callEach(
    address: Uint8Array,
    signature: string,
    each: readonly Uint8Array[],
    block: bigint,
  ): Promise<Uint8Array[]> {
    const answers: Uint8Array[] = [];
    while (answers.length < each.length) {
      const some = each.slice(answers.length, answers.length + CALLS_AT_ONCE);
      const given = this.#takesBatches
        ? await this.#callBatch(address, signature, some, block)
        : undefined;
      this.#takesBatches = given !== undefined;
      const more = given ?? [await this.call(address, signature, some[0]!, block)];
      const long = more.find((answer) => answer.length > MAX_EACH_BYTES);
      if (long) throw nonsense(signature, `${long.length} bytes`);
      answers.push(...more);
    }
    return answers;
  }

  /** Call in one batch; undefined where the endpoint accepts no batches. */
  async #callBatch(
    address: Uint8Array,
    signature: string,
    each: readonly Uint8Array[],
    block: bigint,
  ): Promise<Uint8Array[] | undefined> {
    const batch = each.map((data, id) => {
      return request(id, "eth_call", callOf(address, signature, data, block));
    });
    let given: unknown;
    try {
      given = await this.#post(batch);
    } catch (error) {
      if (error instanceof Refused) return undefined;
      throw error;
    }
    if (!Array.isArray(given) || given.length !== batch.length) return undefined;
    try {
      return batch.map(({ id }) => {
        const own: unknown = given.find((one: unknown) => {
          return typeof one === "object" && one && (one as { id?: unknown }).id === id;
        });
        return readBytes(resultOf(own, signature), signature);
      });
    } catch (error) {
      // Some endpoints count a batch as many requests, and refuse a part of them.
      if (error instanceof Refused && !(error instanceof Reverted)) return undefined;
      throw error;
    }
  }

  /** All events of a contract with these topics in a range of blocks, oldest first. */
  async logs(address: Uint8Array, topics: Topics, last: bigint, oldest?: bigint): Promise<Log[]> {
    const spans: Log[][] = [];
    const first = oldest ?? (await this.#firstBlock(address));
    const all = this.#backwards(address, topics, last, first);
    for await (const span of all) spans.unshift(span);
    return spans.flat();
  }

  /** The newest such event, undefined when there is none. */
  async latestLog(address: Uint8Array, topics: Topics, last: bigint): Promise<Log | undefined> {
    const first = await this.#firstBlock(address);
    for await (const span of this.#backwards(address, topics, last, first)) {
      if (span.length) return span.at(-1);
    }
    return undefined;
  }

  /** First block in which a contract can have events; asked for once. */
  async #firstBlock(address: Uint8Array): Promise<bigint> {
    if (!this.#deployment?.block) return 0n;
    const name = toHex(address);
    const known = this.#oldest.get(name) ?? this.#readFirstBlock(address, this.#deployment);
    this.#oldest.set(name, known);
    return await known;
  }

  async #readFirstBlock(address: Uint8Array, { block, contracts }: Deployment): Promise<bigint> {
    try {
      return (await this.code(address, block - 1n)).length ? 0n : block;
    } catch (error) {
      if (!(error instanceof Unanswered)) throw error;
      // Most endpoints do not keep that state.
      return contracts.some((one) => sameBytes(one, address)) ? block : 0n;
    }
  }

  /**
   * Events by spans of blocks, the latest first. A refused span is halved, and the one that worked
   * is tried first the next time.
   */
  async *#backwards(
    address: Uint8Array,
    topics: Topics,
    end: bigint,
    oldest: bigint,
  ): AsyncGenerator<Log[]> {
    let last = end;
    const whole = end + 1n - oldest;
    if (whole < 1n) return;
    let blocks = this.#logBlocks ?? whole;
    for (let requests = 0; requests < MAX_LOG_REQUESTS; requests++) {
      const first = last - blocks >= oldest ? last - blocks + 1n : oldest;
      let span: Log[];
      try {
        span = await this.#logs(address, topics, first, last);
      } catch (error) {
        // Many endpoints limit the blocks or the events of one request.
        if (!(error instanceof Refused) || blocks <= FEWEST_LOG_BLOCKS) throw error;
        const half = blocks / 2n > FEWEST_LOG_BLOCKS ? blocks / 2n : FEWEST_LOG_BLOCKS;
        blocks = blocks > LOG_BLOCKS ? LOG_BLOCKS : half;
        continue;
      }
      if (blocks < whole) this.#logBlocks = blocks;
      yield span;
      if (first === oldest) return;
      last = first - 1n;
    }
    throw new Unanswered("more blocks of events than can be asked for");
  }

  async #logs(address: Uint8Array, topics: Topics, first: bigint, last: bigint): Promise<Log[]> {
    const filter = {
      address: toHex(address),
      topics: topics.map(toHex),
      fromBlock: quantity(first),
      toBlock: quantity(last),
    };
    const logs = await this.#ask("eth_getLogs", [filter]);
    if (!Array.isArray(logs)) throw nonsense("eth_getLogs", "no list of logs");
    return logs.map((log) => readLog(log, address, topics));
  }

  async #ask(method: string, parameters: readonly unknown[]): Promise<unknown> {
    for (let attempt = 1; ; attempt++) {
      const answer = await this.#post(request(1, method, parameters));
      if (attempt === ATTEMPTS || !PASSING.test(reasonIn(answer))) return resultOf(answer, method);
      await this.#pause(pauseAfter(attempt));
    }
  }

  async #post(body: unknown): Promise<unknown> {
    for (let attempt = 1; ; attempt++) {
      const sent = await this.#send(body);
      if (sent === "lost") {
        if (attempt === LOST_ATTEMPTS) throw new Unanswered("the RPC endpoint does not answer");
        await this.#pause(pauseAfter(attempt));
        continue;
      }
      const { status, text, retryAfter } = sent;
      if (attempt < ATTEMPTS && PASSING_STATUSES.includes(status)) {
        await this.#pause(pauseAfter(attempt, retryAfter));
        continue;
      }
      if (PASSING_STATUSES.includes(status)) {
        throw new Unanswered(`the RPC endpoint does not answer: status ${status}`);
      }
      let answer: unknown;
      try {
        answer = JSON.parse(text);
      } catch {
        if (status === 200) throw new Unanswered("the RPC endpoint does not speak JSON-RPC");
        throw new Refused(`the RPC endpoint refuses: status ${status}`);
      }
      // Some endpoints give reasons with status 400 or 403.
      if (status !== 200 && !reasonIn(answer)) {
        throw new Refused(`the RPC endpoint refuses: status ${status}`);
      }
      return answer;
    }
  }

  /** Send once; "lost" where the connection failed, as while a server restarts. */
  async #send(body: unknown) {
    let response: Response;
    let text: string | undefined;
    try {
      response = await fetch(this.#url, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify(body),
        signal: AbortSignal.timeout(TIMEOUT_MS),
        redirect: "error",
        credentials: "omit",
      });
      text = await boundedText(response);
    } catch (error) {
      // Browsers give no reason. A timeout has taken long enough.
      if (error instanceof TypeError) return "lost" as const;
      const reason = error instanceof Error ? error.message : String(error);
      throw new Unanswered(`the RPC endpoint does not answer: ${reason}`);
    }
    if (text === undefined) throw new Refused("the RPC endpoint answers too much");
    return { status: response.status, text, retryAfter: response.headers.get("Retry-After") };
  }
}

/** An answer as text; undefined when it is too long, of which the rest is not read. */
async function boundedText(response: Response): Promise<string | undefined> {
  const reader = response.body?.getReader();
  if (!reader) return "";
  const decoder = new TextDecoder();
  let text = "";
  for (let done = 0; ;) {
    const read = await reader.read();
    if (read.done) return text + decoder.decode();
    done += read.value.length;
    if (done > MAX_ANSWER_BYTES) {
      await reader.cancel();
      return undefined;
    }
    text += decoder.decode(read.value, { stream: true });
  }
}

/** Milliseconds to wait after an attempt: as the endpoint asks, or longer each time. */
function pauseAfter(attempt: number, retryAfter: string | null = null): number {
  const asked = retryAfter !== null && /^[0-9]{1,6}$/.test(retryAfter);
  const pause = asked ? 1000 * Number(retryAfter) : FIRST_PAUSE_MS * 2 ** (attempt - 1);
  return Math.min(pause, LONGEST_PAUSE_MS);
}

function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/**
 * Turn Malformed into Unanswered: an answer that no contract of ours gives is no evidence against a
 * poll.
 */
export async function ofChain<T>(reading: Promise<T>): Promise<T> {
  try {
    return await reading;
  } catch (error) {
    if (!(error instanceof Malformed)) throw error;
    throw new Unanswered(`the RPC endpoint gave an invalid answer: ${error.message}`);
  }
}

/** Require a contract at an address; Unanswered for another chain or a mistyped address. */
export async function requireContract(
  rpc: JsonRpc,
  address: Uint8Array,
  chainId: bigint,
  block: bigint,
): Promise<void> {
  if (!(await rpc.code(address, block)).length) {
    throw new Unanswered(`no contract at ${toHex(address)} on chain ${chainId}`);
  }
}

/** Topic of an event by its signature. */
export function topicOf(signature: string): Uint8Array {
  return keccak256(utf8(signature));
}

/** One topic of an event. */
export function topic({ topics }: Log, place: number): Uint8Array {
  const found = topics[place];
  if (found?.length !== WORD_BYTES) throw nonsense("eth_getLogs", "a log without its topics");
  return found;
}

/** A quantity of the JSON-RPC specification, by default of at most 64 bits. */
function readQuantity(value: unknown, subject: string, digits = QUANTITY_DIGITS): bigint {
  const written = typeof value === "string" && /^0x[0-9a-fA-F]+$/.test(value);
  if (!written || value.length > 2 + digits) {
    throw nonsense(subject, `${shown(value)}, no quantity`);
  }
  return BigInt(value);
}

function readBytes(value: unknown, subject: string): Uint8Array {
  if (typeof value !== "string") throw nonsense(subject, `${shown(value)}, no 0x-hex`);
  try {
    return fromHex(value, subject);
  } catch {
    throw nonsense(subject, `${shown(value)}, no 0x-hex`);
  }
}

/** Read a log; Unanswered unless it has the requested contract and topics. */
function readLog(log: unknown, address: Uint8Array, asked: Topics): Log {
  if (typeof log !== "object" || !log) throw nonsense("eth_getLogs", "no log");
  const fields = log as Record<string, unknown>;
  const { topics: listed, data, blockNumber, transactionHash } = fields;
  if (!Array.isArray(listed)) throw nonsense("eth_getLogs", "a log without topics");
  const topics = listed.map((one) => readBytes(one, "topic"));
  const wanted = asked.every((one, place) => topics[place] && sameBytes(one, topics[place]));
  if (!wanted || !sameBytes(readBytes(fields["address"], "eth_getLogs"), address)) {
    throw nonsense("eth_getLogs", "a log that was not asked for");
  }
  return {
    topics,
    data: readBytes(data, "eth_getLogs"),
    block: readQuantity(blockNumber, "eth_getLogs"),
    transaction: readBytes(transactionHash, "eth_getLogs"),
  };
}

function nonsense(subject: string, what: string): Unanswered {
  return new Unanswered(`${subject}: the RPC endpoint answers ${what}`);
}

function shown(value: unknown): string {
  return value === undefined ? "nothing" : JSON.stringify(value).slice(0, 60);
}

function quantity(value: bigint): string {
  return `0x${value.toString(16)}`;
}

function request(id: number, method: string, params: readonly unknown[]) {
  return { jsonrpc: "2.0", id, method, params };
}

function callOf(address: Uint8Array, signature: string, data: Uint8Array, block: bigint) {
  const selector = topicOf(signature).subarray(0, 4);
  return [
    { to: toHex(address), data: toHex(selector) + toHex(data).slice(2) },
    quantity(block),
  ] as const;
}

/** The error in an answer, as text; "" where there is none. */
function reasonIn(answer: unknown): string {
  const refused = typeof answer === "object" && answer && "error" in answer && answer.error;
  return refused ? JSON.stringify(refused) : "";
}

function resultOf(answer: unknown, method: string): unknown {
  const reason = reasonIn(answer);
  if (reason) {
    const Kind = REVERTED.test(reason) ? Reverted : Refused;
    throw new Kind(`${method}: the RPC endpoint refuses: ${reason.slice(0, 200)}`);
  }
  if (typeof answer === "object" && answer && "result" in answer) return answer.result;
  throw nonsense(method, `${shown(answer)}, neither result nor error`);
}
