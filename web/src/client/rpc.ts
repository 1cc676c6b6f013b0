/**
 * Ask an Ethereum JSON-RPC endpoint, whose answers are worth what it is worth.
 *
 * Throws everywhere: Undecided when the endpoint is out of reach or refuses, Malformed when it
 * answers what no chain would.
 *
 * Source: Ethereum JSON-RPC specification; the contract ABI.
 */

import { fromHex, keccak256, Reader, toHex, utf8, WORD_BYTES } from "../protocol/encoding.ts";
import { Malformed, Undecided } from "../protocol/errors.ts";

const MAX_ANSWER_BYTES = 64 * 2 ** 20;
const TIMEOUT_MS = 60_000;
const LOG_BLOCKS = 10_000n;
const MAX_LOG_REQUESTS = 5_000;
const CALLS_AT_ONCE = 100;
/** Far more than any list has; a lying endpoint must not make us allocate. */
const MAX_ENTRIES = 1n << 16n;

/** An event: its topics of 32 bytes each, its data and its block. */
export interface Log {
  readonly topics: readonly Uint8Array[];
  readonly data: Uint8Array;
  readonly block: bigint;
}

/** First topics that an event must have. */
export type Topics = readonly Uint8Array[];

/** One endpoint. */
export class JsonRpc {
  readonly #url: string;

  constructor(url: string) {
    this.#url = url;
  }

  /** Which chain it serves. */
  async chainId(): Promise<bigint> {
    return readQuantity(await this.#ask("eth_chainId", []), "eth_chainId");
  }

  /** Number of its latest block. */
  async newestBlock(): Promise<bigint> {
    return readQuantity(await this.#ask("eth_blockNumber", []), "eth_blockNumber");
  }

  /** Unix seconds of a block. */
  async timestamp(block: bigint): Promise<bigint> {
    const method = "eth_getBlockByNumber";
    const answer = await this.#ask(method, [quantity(block), false]);
    if (typeof answer !== "object" || !answer) throw new Malformed(`${method}: not a block`);
    return readQuantity((answer as Record<string, unknown>)["timestamp"], method);
  }

  /** Code of an account. */
  async code(address: Uint8Array, block: bigint): Promise<Uint8Array> {
    const code = await this.#ask("eth_getCode", [toHex(address), quantity(block)]);
    return readBytes(code, "eth_getCode");
  }

  /** What a view answers. */
  async call(
    address: Uint8Array,
    signature: string,
    data: Uint8Array,
    block: bigint,
  ): Promise<Uint8Array> {
    const answer = await this.#ask("eth_call", callOf(address, signature, data, block));
    return readBytes(answer, signature);
  }

  /** What a view answers to each of many arguments, in batches. */
  async callEach(
    address: Uint8Array,
    signature: string,
    each: readonly Uint8Array[],
    block: bigint,
  ): Promise<Uint8Array[]> {
    const answers: Uint8Array[] = [];
    for (let start = 0; start < each.length; start += CALLS_AT_ONCE) {
      const batch = each.slice(start, start + CALLS_AT_ONCE).map((data, id) => {
        return request(id, "eth_call", callOf(address, signature, data, block));
      });
      const given = await this.#post(batch);
      if (!Array.isArray(given) || given.length !== batch.length) {
        throw new Undecided("eth_call: the RPC endpoint takes no batches");
      }
      for (const { id } of batch) {
        const own: unknown = given.find((one: unknown) => {
          return typeof one === "object" && one && (one as { id?: unknown }).id === id;
        });
        answers.push(readBytes(resultOf(own, signature), signature));
      }
    }
    return answers;
  }

  /** All events of a contract with these topics up to a block, oldest first. */
  async logs(address: Uint8Array, topics: Topics, last: bigint): Promise<Log[]> {
    try {
      return await this.#logs(address, topics, 0n, last);
    } catch (error) {
      if (!(error instanceof Undecided)) throw error;
      // Many endpoints bound the range of one request.
      const spans: Log[][] = [];
      for await (const span of this.#backwards(address, topics, last)) spans.unshift(span);
      return spans.flat();
    }
  }

  /** The newest such event, undefined when there is none. */
  async latestLog(address: Uint8Array, topics: Topics, last: bigint): Promise<Log | undefined> {
    try {
      return (await this.#logs(address, topics, 0n, last)).at(-1);
    } catch (error) {
      if (!(error instanceof Undecided)) throw error;
      for await (const span of this.#backwards(address, topics, last)) {
        if (span.length) return span.at(-1);
      }
      return undefined;
    }
  }

  async *#backwards(address: Uint8Array, topics: Topics, end: bigint): AsyncGenerator<Log[]> {
    let last = end;
    for (let requests = 0; requests < MAX_LOG_REQUESTS; requests++) {
      const first = last >= LOG_BLOCKS ? last - LOG_BLOCKS + 1n : 0n;
      yield await this.#logs(address, topics, first, last);
      if (first === 0n) return;
      last = first - 1n;
    }
    throw new Undecided("more blocks of events than can be asked for");
  }

  async #logs(address: Uint8Array, topics: Topics, first: bigint, last: bigint): Promise<Log[]> {
    const filter = {
      address: toHex(address),
      topics: topics.map(toHex),
      fromBlock: quantity(first),
      toBlock: quantity(last),
    };
    const logs = await this.#ask("eth_getLogs", [filter]);
    if (!Array.isArray(logs)) throw new Malformed("eth_getLogs: not a list of logs");
    return logs.map(readLog);
  }

  async #ask(method: string, parameters: readonly unknown[]): Promise<unknown> {
    return resultOf(await this.#post(request(1, method, parameters)), method);
  }

  async #post(body: unknown): Promise<unknown> {
    let answer: string;
    try {
      const response = await fetch(this.#url, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify(body),
        signal: AbortSignal.timeout(TIMEOUT_MS),
        redirect: "error",
        credentials: "omit",
      });
      if (!response.ok) throw new Error(`status ${response.status}`);
      answer = await response.text();
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new Undecided(`the RPC endpoint does not answer: ${reason}`);
    }
    if (answer.length > MAX_ANSWER_BYTES) throw new Undecided("the RPC endpoint answers too much");
    try {
      return JSON.parse(answer);
    } catch {
      throw new Malformed("JSON-RPC: not JSON");
    }
  }
}

/** Topic of an event by its signature. */
export function topicOf(signature: string): Uint8Array {
  return keccak256(utf8(signature));
}

/** One topic of an event. */
export function topic({ topics }: Log, place: number): Uint8Array {
  const found = topics[place];
  if (found?.length !== WORD_BYTES) throw new Malformed("eth_getLogs: a topic is missing");
  return found;
}

/** An address out of its word. */
export function addressIn(wordOfIt: Uint8Array): Uint8Array {
  return wordOfIt.subarray(12, WORD_BYTES);
}

/** What a dynamic argument holds, whose offset stands at word `place`. */
export function tail(data: Uint8Array, place: number, subject: string): Uint8Array {
  const offset = new Reader(data.subarray(WORD_BYTES * place), subject).unsigned(32, "offset");
  if (offset > BigInt(data.length)) throw new Malformed(`${subject}: an offset beyond the end`);
  return data.subarray(Number(offset));
}

/** Bytes of a dynamic argument, whose offset stands at word `place`. */
export function bytesAt(data: Uint8Array, place: number, subject: string): Uint8Array {
  const reader = new Reader(tail(data, place, subject), subject);
  return reader.take(count(reader, BigInt(data.length)), "content");
}

/** Words of a list, whose offset stands at word `place`. */
export function wordsAt(data: Uint8Array, place: number, subject: string): Uint8Array[] {
  const reader = new Reader(tail(data, place, subject), subject);
  return Array.from({ length: count(reader) }, () => reader.take(WORD_BYTES, "entry"));
}

/** Byte strings of a list, whose offset stands at word `place`. */
export function byteStringsAt(data: Uint8Array, place: number, subject: string): Uint8Array[] {
  const listed = tail(data, place, subject);
  const length = count(new Reader(listed, subject));
  const entries = listed.subarray(WORD_BYTES);
  return Array.from({ length }, (_, number) => bytesAt(entries, number, subject));
}

/** A length, the next word. */
export function count(reader: Reader, most = MAX_ENTRIES): number {
  const length = reader.unsigned(WORD_BYTES, "length");
  if (length > most) throw new Malformed(`an ABI list of ${length} entries`);
  return Number(length);
}

/** A quantity of at most 64 bits, as the JSON-RPC specification writes them. */
function readQuantity(value: unknown, subject: string): bigint {
  if (typeof value !== "string" || !/^0x[0-9a-fA-F]{1,16}$/.test(value)) {
    throw new Malformed(`${subject}: ${String(value).slice(0, 40)} is no quantity`);
  }
  return BigInt(value);
}

function readBytes(value: unknown, subject: string): Uint8Array {
  if (typeof value !== "string") throw new Malformed(`${subject}: not 0x-hex`);
  return fromHex(value.toLowerCase(), subject);
}

function readLog(log: unknown): Log {
  if (typeof log !== "object" || !log) throw new Malformed("eth_getLogs: not a log");
  const { topics, data, blockNumber } = log as Record<"topics" | "data" | "blockNumber", unknown>;
  if (!Array.isArray(topics)) throw new Malformed("eth_getLogs: a log without topics");
  return {
    topics: topics.map((one) => readBytes(one, "topic")),
    data: readBytes(data, "eth_getLogs"),
    block: readQuantity(blockNumber, "eth_getLogs"),
  };
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

function resultOf(answer: unknown, method: string): unknown {
  if (typeof answer === "object" && answer && "result" in answer) return answer.result;
  const refused = typeof answer === "object" && answer && "error" in answer ? answer.error : null;
  const reason = JSON.stringify(refused).slice(0, 200);
  throw new Undecided(`${method}: the RPC endpoint refuses: ${reason}`);
}
