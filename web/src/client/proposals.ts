/**
 * Proposals of a round as the treasury has them, with the words that its events give.
 *
 * Throws Undecided when the endpoint is out of reach or refuses, Malformed when it answers what no
 * chain would.
 *
 * Source: contracts/interfaces/IBudgetTreasury.sol; the contract ABI.
 */

import { fromUtf8, Reader, toInteger, word, WORD_BYTES } from "../protocol/encoding.ts";
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
const FORGIVING = new TextDecoder("utf-8", { ignoreBOM: true });

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
        // The contract takes any bytes for it, and one that is no text must not hide all others.
        text: FORGIVING.decode(bytesAt(item, 4, "item.text")),
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
    return {
      id: fields[0]!,
      recipient: addressIn(fields[2]!),
      amount: toInteger(fields[3]!),
      category: Number(toInteger(fields[4]!)),
      withdrawn: flag(5),
      funded: flag(6),
      paid: flag(7),
      ...(said.get(fields[0]!.join()) ?? { title: "", text: "" }),
    };
  });
}
