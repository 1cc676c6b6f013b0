/**
 * Proposals of a round as the treasury has them, with the words that its events give.
 *
 * Throws Undecided when the endpoint cannot be reached or refuses, Malformed when it answers what no
 * chain would.
 *
 * Source: contracts/interfaces/IBudgetTreasury.sol; the contract ABI.
 */

import { fromUtf8, toHex, word } from "../protocol/encoding.ts";
import { Unanswered } from "../protocol/errors.ts";
import type { ProposalEvidence } from "../protocol/evidence.ts";
import type { RoundReference } from "../protocol/parameters.ts";
import { listOf, readReturned } from "./abi_struct.ts";
import {
  type Item,
  PROPOSAL_REVISED as REVISED,
  PROPOSAL_SUBMITTED as SUBMITTED,
  PROPOSAL_VIEW,
} from "./contract_structs.ts";
import type { JsonRpc } from "./rpc.ts";

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
  const published = new Map<string, { title: string; text: string }>();
  const read = (proposalId: Uint8Array, { title, text }: Item) => {
    published.set(proposalId.join(), {
      title: fromUtf8(title(), "item.title"),
      // The treasury takes any bytes for a text; one that is no UTF-8 must not hide all the others.
      text: TEXT.decode(text()),
    });
  };
  for (const log of await rpc.logs(treasury, [SUBMITTED.topic, word(roundId)], block)) {
    read(SUBMITTED.indexed(log, "proposalId"), SUBMITTED.data(log).item());
  }
  for (const log of await rpc.logs(treasury, [REVISED.topic, word(roundId)], block)) {
    read(REVISED.indexed(log, "proposalId"), REVISED.data(log).item());
  }
  const answer = await rpc.call(treasury, "proposals(uint256)", word(roundId), block);
  return readReturned(listOf(PROPOSAL_VIEW), answer, "proposals()").map((proposal) => {
    const words = published.get(proposal.id.join());
    if (!words) throw lacking("ProposalSubmitted", proposal.id);
    return { ...proposal, ...words };
  });
}

/** What the treasury says has happened, and no event shows. */
export function lacking(event: string, proposal: Uint8Array): Unanswered {
  const what = `${event} of proposal ${toHex(proposal)}`;
  return new Unanswered(`the RPC endpoint shows no event ${what}: it lacks events`);
}
