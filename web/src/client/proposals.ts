/**
 * Proposals of a round from the treasury, with the texts of its events.
 *
 * Throws Undecided when the endpoint is unreachable or refuses, Malformed when its answer is
 * invalid.
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

/** Bytes that are not UTF-8 become U+FFFD. */
export const TEXT = new TextDecoder("utf-8", { ignoreBOM: true });

/** A proposal with its proposer's text. */
export interface PublishedProposal extends ProposalEvidence {
  readonly text: string;
}

/**
 * All proposals of a round, in order of submission; slot `j` is the `j`-th one that is not
 * withdrawn.
 */
export async function readProposals(
  rpc: JsonRpc,
  { treasury, roundId }: RoundReference,
  block: bigint,
): Promise<PublishedProposal[]> {
  const published = new Map<string, { title: string; text: string }>();
  const read = (proposalId: Uint8Array, { title, text }: Item) => {
    published.set(proposalId.join(), {
      title: fromUtf8(title(), "item.title"),
      // The treasury accepts any bytes as a text; an invalid one must not hide the other proposals.
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

/** The error of an event that the treasury's state implies and the endpoint lacks. */
export function lacking(event: string, proposal: Uint8Array): Unanswered {
  const what = `${event} of proposal ${toHex(proposal)}`;
  return new Unanswered(`the RPC endpoint shows no event ${what}: it lacks events`);
}
