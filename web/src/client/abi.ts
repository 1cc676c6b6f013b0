/**
 * Calldata for the transactions that members and veto holders send themselves.
 *
 * Source: the contract ABI specification; contracts/interfaces/IBudgetTreasury.sol, IPollRegistry.sol,
 * contracts/VotingKeys.sol.
 */

import { concat, keccak256, utf8, word, WORD_BYTES } from "../protocol/encoding.ts";
import { detailsHash } from "./details.ts";
import type { Item } from "./proposing.ts";
import type { Membership } from "./views.ts";

const ITEM = "(address,uint128,uint16,string,string,bytes32)";
const MEMBERSHIP = "(address,uint128,uint32,bytes32,uint128,uint32,(bytes32,uint128)[])";

/** An argument: one word, or content behind the words. */
type Argument = { readonly word: bigint | Uint8Array } | { readonly content: Uint8Array };

/** `propose` of the treasury. */
export function proposeCall(roundId: bigint, item: Item, membership: Membership): Uint8Array {
  return callOf(`propose(uint256,${ITEM},${MEMBERSHIP})`, [
    { word: roundId },
    { content: itemContent(item) },
    { content: membershipContent(membership) },
  ]);
}

/** `revise` of the treasury. */
export function reviseCall(proposal: Uint8Array, item: Item): Uint8Array {
  const changed = [{ word: proposal }, { content: itemContent(item) }];
  return callOf(`revise(bytes32,${ITEM})`, changed);
}

/** `withdraw` of the treasury. */
export function withdrawCall(proposal: Uint8Array): Uint8Array {
  return callOf("withdraw(bytes32)", [{ word: proposal }]);
}

/**
 * `register` of the contract with voting keys.
 *
 * @param signature The key's signature of `VotingKey(account, key)`.
 */
export function registerCall(key: Uint8Array, signature: Uint8Array): Uint8Array {
  return callOf("register(address,bytes)", [{ word: key }, { content: byteString(signature) }]);
}

/** `vetoOutcome` of the registry. */
export function vetoOutcomeCall(pollId: bigint): Uint8Array {
  return callOf("vetoOutcome(uint256)", [{ word: pollId }]);
}

function callOf(signature: string, values: readonly Argument[]): Uint8Array {
  return concat([keccak256(utf8(signature)).subarray(0, 4), tuple(values)]);
}

function itemContent({ recipient, amount, category, title, text, details }: Item): Uint8Array {
  return tuple([
    { word: recipient },
    { word: amount },
    { word: BigInt(category) },
    { content: byteString(utf8(title)) },
    { content: byteString(utf8(text)) },
    { word: detailsHash(details) },
  ]);
}

function membershipContent(member: Membership): Uint8Array {
  const siblings = member.siblings.flatMap(({ hash, sum }) => [hash, word(sum)]);
  return tuple([
    { word: member.signingKey },
    { word: member.weight },
    { word: BigInt(member.index) },
    { word: member.rootHash },
    { word: member.totalWeight },
    { word: BigInt(member.count) },
    { content: concat([word(member.siblings.length), ...siblings]) },
  ]);
}

/** Words in order, with an offset in place of each content, then the contents. */
function tuple(values: readonly Argument[]): Uint8Array {
  let end = WORD_BYTES * values.length;
  const heads = values.map((value) => {
    if ("word" in value) return word(value.word);
    const offset = word(end);
    end += value.content.length;
    return offset;
  });
  const contents = values.flatMap((value) => ("content" in value ? [value.content] : []));
  return concat([...heads, ...contents]);
}

function byteString(data: Uint8Array): Uint8Array {
  const padding = new Uint8Array((WORD_BYTES - (data.length % WORD_BYTES)) % WORD_BYTES);
  return concat([word(data.length), data, padding]);
}
