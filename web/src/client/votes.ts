/**
 * A voter's stored ballots of a poll, with the nodes' receipts.
 *
 * A ballot is stored before it is sent, so that a closed page loses nothing: the same ballot is
 * sent again. The file holds no choice, only the public ballot with its sealed boxes; revealing the
 * vote takes `t` of the nodes' keys. The command line reads and writes the same file.
 *
 * Source: docs/protocol.md §9.
 */

import {
  ADDRESS_BYTES,
  fromHex,
  sameBytes,
  SIGNATURE_BYTES,
  taggedHash,
  toHex,
  toInteger,
} from "../protocol/encoding.ts";
import { AuditError, Malformed } from "../protocol/errors.ts";
import { readJson } from "../protocol/json.ts";
import { type OpenPoll, samePoll } from "../protocol/published.ts";
import { verifyReceipt } from "../protocol/receipts.ts";
import { boxesHash, checkBoxes } from "../protocol/sharing.ts";
import { later, type UnixSeconds, unixSeconds } from "../protocol/units.ts";
import { pollFromJson, pollJson, pollToJson } from "./poll.ts";
import { bytes, list, type Of, record, text, whole } from "./shape.ts";

const FORMAT = "ostraka/votes/v2";

/** Storage of a browser: `localStorage` or an equivalent. */
export type Store = Pick<Storage, "getItem" | "setItem" | "removeItem">;

/** The body of `POST …/ballots`. */
export interface CastRecord {
  readonly ballot: Uint8Array;
  readonly boxes: readonly Uint8Array[];
  readonly signature: Uint8Array;
}

/** For `JSON.stringify`. */
export function recordJson({ ballot, boxes, signature }: CastRecord) {
  return { ballot: toHex(ballot), boxes: boxes.map(toHex), signature: toHex(signature) };
}

/** Whether the right ballot was counted; see `SavedVotes.verdict`. */
export type Verdict = "yes" | "unrecorded" | "older" | "no";

/** One ballot with its receipts. */
export class ReceiptedBallot {
  readonly record: CastRecord;
  /** Verified signatures by node, from 1. */
  readonly receipts = new Map<number, Uint8Array>();

  constructor(record: CastRecord) {
    this.record = record;
  }

  get voter(): Uint8Array {
    return this.record.ballot.subarray(0, ADDRESS_BYTES);
  }

  get castAtUnixS(): UnixSeconds {
    return unixSeconds(toInteger(this.record.ballot.subarray(ADDRESS_BYTES, ADDRESS_BYTES + 8)));
  }

  get digest(): Uint8Array {
    return taggedHash("ballot", this.record.ballot);
  }
}

const receiptJson = record({ node: whole, signature: bytes });
const file = record({
  format: text,
  poll: pollJson,
  voter: bytes,
  ballots: list(
    record({
      ballot: bytes,
      boxes: list(bytes),
      signature: bytes,
      receipts: list(receiptJson),
    }),
  ),
});

/** All ballots of one voter in one poll, oldest first; the last one counts. */
export class SavedVotes {
  readonly poll: OpenPoll;
  readonly voter: Uint8Array;
  readonly ballots: ReceiptedBallot[] = [];

  constructor(poll: OpenPoll, voter: Uint8Array) {
    this.poll = poll;
    this.voter = voter;
  }

  /**
   * The stored votes of a voter in a poll, every receipt verified again; empty when there are none.
   *
   * The file's poll keys may come from a gateway that was trusted at the time: new ballots are
   * sealed to the keys of `poll`.
   *
   * @throws Malformed: the stored votes are damaged, or of another voter or poll.
   */
  static open(store: Store, poll: OpenPoll, voter: Uint8Array): SavedVotes {
    const votes = new SavedVotes(poll, voter);
    const content = store.getItem(nameOf(poll, voter));
    if (content !== null) votes.#take(readFile(content));
    return votes;
  }

  /** The stored votes of all voters on this device in a poll, without damaged ones. */
  static all(store: Store & Pick<Storage, "key" | "length">, poll: OpenPoll): SavedVotes[] {
    const prefix = nameOf(poll, new Uint8Array());
    return Array.from({ length: store.length }, (_, place) => store.key(place) ?? "")
      .filter((name) => name.startsWith(prefix))
      .flatMap((name) => {
        try {
          const voter = fromHex(`0x${name.slice(prefix.length)}`, "voter");
          const votes = SavedVotes.open(store, poll, voter);
          return votes.last ? [votes] : [];
        } catch (error) {
          if (error instanceof Malformed) return [];
          throw error;
        }
      });
  }

  /** The votes of a file, every receipt verified; Malformed when the file is invalid. */
  static parse(content: string): SavedVotes {
    const read = readFile(content);
    let votes: SavedVotes;
    try {
      votes = new SavedVotes(pollFromJson(read.poll), read.voter);
    } catch (error) {
      throw damaged(error);
    }
    votes.#take(read);
    return votes;
  }

  #take(read: Of<typeof file>): void {
    try {
      const poll = pollFromJson(read.poll);
      if (!samePoll(poll, this.poll) || !sameBytes(read.voter, this.voter)) {
        throw new Malformed("votes", "of another voter or poll");
      }
      for (const { receipts, ...record } of read.ballots) {
        const ballot = this.add(record);
        for (const { node, signature } of receipts) this.keep(ballot, node, signature);
      }
    } catch (error) {
      throw damaged(error);
    }
  }

  /** Add a ballot; Malformed when it is not of this voter and poll. */
  add(record: CastRecord): ReceiptedBallot {
    const ballot = new ReceiptedBallot(record);
    this.#check(ballot);
    this.ballots.push(ballot);
    return ballot;
  }

  #check({ record, voter }: ReceiptedBallot): void {
    const { ballot, boxes, signature } = record;
    const { size } = this.poll.layout;
    if (ballot.length !== size) {
      throw new Malformed("ballot", `${ballot.length} bytes, expected ${size}`);
    }
    if (signature.length !== SIGNATURE_BYTES) {
      throw new Malformed("signature", `${signature.length} bytes, expected ${SIGNATURE_BYTES}`);
    }
    const { committee, rule } = this.poll;
    checkBoxes(boxes, boxesHash(boxes), committee.members.length, rule.slots.length);
    if (!sameBytes(voter, this.voter)) throw new Malformed("ballot", "of another voter");
  }

  /** Add a receipt to a ballot; Malformed unless the node gave it for this ballot. */
  keep(ballot: ReceiptedBallot, node: number, signature: Uint8Array): void {
    const { domain, context, committee } = this.poll;
    if (!committee.members[node - 1]) throw new Malformed("receipt", `there is no node ${node}`);
    verifyReceipt(domain, context, committee, node, ballot, signature);
    ballot.receipts.set(node, signature);
  }

  /** Merge ballots and receipts that another window has stored since. */
  refresh(store: Store): void {
    const content = store.getItem(nameOf(this.poll, this.voter));
    if (content === null) return;
    const kept = new SavedVotes(this.poll, this.voter);
    kept.#take(readFile(content));
    for (const ballot of kept.ballots) {
      const own = this.ballots.find(({ digest }) => sameBytes(digest, ballot.digest));
      if (own) for (const [node, signature] of ballot.receipts) own.receipts.set(node, signature);
      else this.ballots.push(ballot);
    }
    this.ballots.sort((left, right) => (precedes(left, right) ? -1 : 1));
  }

  /** Remove a ballot that nobody has seen. */
  drop(ballot: ReceiptedBallot): void {
    this.ballots.splice(this.ballots.indexOf(ballot), 1);
  }

  /** Whether a ballot is recorded: its receipts would prove an omission. */
  recorded(ballot: ReceiptedBallot): boolean {
    return ballot.receipts.size >= this.poll.committee.quorum;
  }

  /** The ballot that counts, as far as this device knows. */
  get last(): ReceiptedBallot | undefined {
    return this.ballots.at(-1);
  }

  /**
   * Whether the right ballot was counted (check V7).
   *
   * @param counted Digest of the ballot under the root on chain, undefined where there is none.
   * @returns "yes": the last ballot. "unrecorded": the last one was not recorded, which is no
   *   fault. "older": not the last one. "no": none, although one was recorded.
   */
  verdict(counted: Uint8Array | undefined): Verdict {
    const place = this.ballots.findIndex(({ digest }) => counted && sameBytes(digest, counted));
    if (place >= 0 && place === this.ballots.length - 1) return "yes";
    const owed = this.ballots.findLastIndex((ballot) => this.recorded(ballot));
    if (!counted) return owed < 0 ? "unrecorded" : "no";
    return place >= 0 && place >= owed ? "unrecorded" : "older";
  }

  /** Cast time of a new ballot: chain time, but later than all earlier ballots. */
  nextCastAt(now: UnixSeconds): UnixSeconds {
    return this.ballots.reduce((latest, { castAtUnixS }) => {
      return castAtUnixS >= latest ? later(castAtUnixS, 1) : latest;
    }, now);
  }

  /** The file, which the command line also reads. */
  toText(): string {
    const content = {
      format: FORMAT,
      poll: pollToJson(this.poll),
      voter: toHex(this.voter),
      ballots: this.ballots.map((ballot) => ({
        cast_at: Number(ballot.castAtUnixS),
        ballot_digest: toHex(ballot.digest),
        ...recordJson(ballot.record),
        receipts: [...ballot.receipts]
          .sort(([left], [right]) => left - right)
          .map(([node, signature]) => ({ node, signature: toHex(signature) })),
      })),
    };
    return JSON.stringify(content, undefined, 1);
  }

  /** Store everything on this device, merged with what another window has stored. */
  save(store: Store): void {
    this.refresh(store);
    store.setItem(nameOf(this.poll, this.voter), this.toText());
  }
}

/** Whether a version of a voter's ballot counts for less than another (§8.7). */
function precedes(left: ReceiptedBallot, right: ReceiptedBallot): boolean {
  const order = left.castAtUnixS - right.castAtUnixS;
  return order < 0n || (order === 0n && toHex(left.digest) < toHex(right.digest));
}

function nameOf({ context }: OpenPoll, voter: Uint8Array): string {
  return `ostraka/votes/${toHex(context)}/${toHex(voter)}`;
}

function readFile(content: string): Of<typeof file> {
  try {
    const read = file(readJson(content, "votes"), "votes");
    if (read.format !== FORMAT) throw new Malformed("votes.format", "unknown");
    return read;
  } catch (error) {
    throw damaged(error);
  }
}

function damaged(error: unknown): unknown {
  return error instanceof AuditError
    ? new Malformed("votes", `not a file of votes: ${error.message}`)
    : error;
}
