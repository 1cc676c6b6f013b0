/**
 * Proposals of a round as the treasury has them, with the words that its events give.
 *
 * Throws Undecided when the endpoint cannot be reached or refuses, Malformed when it answers what no
 * chain would.
 *
 * Source: contracts/interfaces/IBudgetTreasury.sol; the contract ABI.
 */

import { fromUtf8, Reader, toHex, toInteger, word, WORD_BYTES } from "../protocol/encoding.ts";
import { Unanswered } from "../protocol/errors.ts";
import type { ProposalEvidence } from "../protocol/evidence.ts";
import type { RoundReference } from "../protocol/parameters.ts";
import { addressIn, bytesAt, count, type JsonRpc, tail, topic, topicOf } from "./rpc.ts";

const SUBMITTED = topicOf(
  "ProposalSubmitted(uint256,bytes32,address,uint16,(address,uint128,uint16,string,string,bytes32))",
);
const REVISED = topicOf(
  "ProposalRevised(uint256,bytes32,(address,uint128,uint16,string,string,bytes32))",
);
const PROPOSAL_WORDS = 8;
/** What is no UTF-8 becomes U+FFFD. */
export const TEXT = new TextDecoder("utf-8", { ignoreBOM: true });

/** A proposal with what its proposer says of it. */
export interface PublishedProposal extends ProposalEvidence {
  readonly text: string;
}

/** All proposals of a round, in order of submission; slot `j` is the `j`-th that is not withdrawn. */
export async function readProposals(
  rpc: JsonRpc,
  { treasury, roundId }: RoundReference,
  block: bigint,
): Promise<PublishedProposal[]> {
  const said = new Map<string, { title: string; text: string }>();
  for (const [kind, place] of [
    [SUBMITTED, 1],
    [REVISED, 0],
  ] as const) {
    for (const log of await rpc.logs(treasury, [kind, word(roundId)], block)) {
      const item = tail(log.data, place, "item");
      said.set(topic(log, 2).join(), {
        title: fromUtf8(bytesAt(item, 3, "item.title"), "item.title"),
        // The treasury takes any bytes for a text; one that is no UTF-8 must not hide all the others.
        text: TEXT.decode(bytesAt(item, 4, "item.text")),
      });
    }
  }
  const answer = await rpc.call(treasury, "proposals(uint256)", word(roundId), block);
  const listed = new Reader(tail(answer, 0, "proposals()"), "proposals()");
  return Array.from({ length: count(listed) }, (): PublishedProposal => {
    const fields = Array.from({ length: PROPOSAL_WORDS }, () => {
      return listed.take(WORD_BYTES, "proposal");
    });
    const flag = (place: number) => fields[place]!.some(Boolean);
    const id = fields[0]!;
    const words = said.get(id.join());
    if (!words) throw lacking("ProposalSubmitted", id);
    return {
      id,
      recipient: addressIn(fields[2]!),
      amount: toInteger(fields[3]!),
      category: Number(toInteger(fields[4]!)),
      withdrawn: flag(5),
      funded: flag(6),
      paid: flag(7),
      ...words,
    };
  });
}

/** What the treasury says has happened, and no event shows. */
export function lacking(event: string, proposal: Uint8Array): Unanswered {
  const what = `${event} of proposal ${toHex(proposal)}`;
  return new Unanswered(`the RPC endpoint shows no event ${what}: it lacks events`);
}
