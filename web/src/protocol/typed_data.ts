/**
 * EIP-712 statements of voters, members and nodes, and the recovery of their signers.
 *
 * Source: docs/protocol.md §15; EIP-712; EIP-2 (low s). Vectors: tests/vectors/typed_data.json.
 */

import { secp256k1 } from "@noble/curves/secp256k1.js";

import { keccak256, sameBytes, SIGNATURE_BYTES, toHex, toInteger, utf8, word } from "./encoding.ts";
import { Malformed } from "./errors.ts";

/** Prime order of the group of signing keys. */
export const SECP256K1_ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;

const NAME = "Ostraka";
const VERSION = "2";
const DOMAIN = "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)";

export const COMMITTEE = "Committee(bytes32 committee)";
export const POLL_KEY = "PollKey(bytes32 pollContext,bytes32 nodeKey)";
export const POLL_KEYS = "PollKeys(bytes32 pollContext,bytes32 pollKeys)";
export const BALLOT =
  "Ballot(bytes32 pollContext,address voter,uint64 castAt,bytes32 ballotDigest,bytes32 boxesHash)";
export const RECEIPT =
  "Receipt(bytes32 pollContext,address voter,uint64 castAt,bytes32 ballotDigest)";
export const INVENTORY = "Inventory(bytes32 pollContext,bytes32 inventoryHash)";
export const ROOT =
  "Root(bytes32 pollContext,uint32 round,bytes32 rootHash,uint256 sumX,uint256 sumY,uint32 count)";
export const FINAL = "Final(bytes32 pollContext,bytes32 rootDigest)";
export const AGGREGATE_SHARE =
  "AggregateShare(bytes32 pollContext,bytes32 rootDigest,uint32 nodeIndex,bytes32 shareHash)";
export const SHUFFLED =
  "Shuffled(bytes32 pollContext,bytes32 rootDigest,uint32 turn,bytes32 stateHash,uint32 count)";
export const PROPOSAL =
  "Proposal(uint256 roundId,address proposer,address recipient,uint256 amount,uint16 category," +
  "string title,string text,bytes32 details,uint256 nonce,uint64 deadline)";
export const REVISION =
  "Revision(bytes32 proposalId,address recipient,uint256 amount,uint16 category," +
  "string title,string text,bytes32 details,uint256 nonce,uint64 deadline)";
export const WITHDRAWAL = "Withdrawal(bytes32 proposalId,uint256 nonce,uint64 deadline)";
export const COMMENT = "Comment(bytes32 proposalId,address author,string text,uint64 writtenAt)";
export const ENDORSEMENT =
  "Endorsement(bytes32 proposalId,address member,uint8 endorses,uint64 statedAt)";
export const REDEMPTION = "Redemption(bytes32 electorate,address invitation,address signingKey)";
export const VOTING_KEY = "VotingKey(address account,address key)";

/** A member of a statement: an integer, an address or bytes32, or a string. */
export type Value = bigint | Uint8Array | string;

/** Where a signature is valid: one contract on one chain. */
export class Domain {
  readonly chainId: bigint;
  readonly contract: Uint8Array;
  /** EIP-712 domain separator, 32 bytes. */
  readonly separator: Uint8Array;

  /** @param contract 20-byte address of the registry, or of the treasury. */
  constructor(chainId: bigint, contract: Uint8Array) {
    this.chainId = chainId;
    this.contract = contract;
    this.separator = keccak256(
      keccak256(utf8(DOMAIN)),
      keccak256(utf8(NAME)),
      keccak256(utf8(VERSION)),
      word(chainId),
      word(contract),
    );
  }

  /**
   * The digest that is signed, 32 bytes.
   *
   * @param type One of this module's types.
   * @param values Its members in order.
   */
  digest(type: string, ...values: readonly Value[]): Uint8Array {
    const members = values.map((value) => {
      return typeof value === "string" ? keccak256(utf8(value)) : word(value);
    });
    const struct = keccak256(keccak256(utf8(type)), ...members);
    return keccak256(Uint8Array.of(0x19, 0x01), this.separator, struct);
  }

  /** The statement in the form that a wallet takes for `eth_signTypedData_v4`. */
  request(type: string, ...values: readonly Value[]): TypedDataRequest {
    const primaryType = type.slice(0, type.indexOf("("));
    const fields = membersOf(type);
    return {
      types: { EIP712Domain: membersOf(DOMAIN), [primaryType]: fields },
      primaryType,
      domain: {
        name: NAME,
        version: VERSION,
        chainId: this.chainId.toString(),
        verifyingContract: toHex(this.contract),
      },
      message: Object.fromEntries(
        fields.map(({ name }, place) => [name, readable(values[place]!)] as const),
      ),
    };
  }
}

/** JSON for a wallet. */
export interface TypedDataRequest {
  readonly types: Readonly<Record<string, readonly TypedMember[]>>;
  readonly primaryType: string;
  readonly domain: Readonly<Record<string, string>>;
  readonly message: Readonly<Record<string, string>>;
}

interface TypedMember {
  readonly name: string;
  readonly type: string;
}

function membersOf(type: string): TypedMember[] {
  return type
    .slice(type.indexOf("(") + 1, -1)
    .split(",")
    .map((member) => member.split(" "))
    .map(([type, name]) => ({ name: name!, type: type! }));
}

function readable(value: Value): string {
  return value instanceof Uint8Array ? toHex(value) : value.toString();
}

/** Ethereum address of a public key given as its two coordinates, 64 bytes. */
export function addressOf(publicKey: Uint8Array): Uint8Array {
  return keccak256(publicKey).subarray(12);
}

/** Address whose key signed `digest`; arguments and errors as for `recoverKey`. */
export function recover(digest: Uint8Array, signature: Uint8Array): Uint8Array {
  return addressOf(recoverKey(digest, signature));
}

/**
 * Public key that signed `digest`, as its two coordinates, 64 bytes.
 *
 * @param digest 32 bytes.
 * @param signature 65 bytes `r ‖ s ‖ v`, low `s`, `v` 27 or 28.
 * @throws Malformed: not such a signature, or no key gives it.
 */
export function recoverKey(digest: Uint8Array, signature: Uint8Array): Uint8Array {
  if (signature.length !== SIGNATURE_BYTES) {
    throw new Malformed("signature", `${signature.length} bytes, expected ${SIGNATURE_BYTES}`);
  }
  const v = signature[64]!;
  if (v !== 27 && v !== 28) throw new Malformed("signature", `v is ${v}, expected 27 or 28`);
  // A signature with high s is a second encoding of the same statement (EIP-2).
  if (toInteger(signature.subarray(32, 64)) > SECP256K1_ORDER / 2n) {
    throw new Malformed("signature", "s is in the upper half");
  }
  try {
    return secp256k1.Signature.fromBytes(signature.subarray(0, 64))
      .addRecoveryBit(v - 27)
      .recoverPublicKey(digest)
      .toBytes(false)
      .subarray(1);
  } catch {
    throw new Malformed("signature", "no key gives it");
  }
}

/** Whether a key's holder signed `digest`; Malformed when the signature is invalid. */
export function signedBy(address: Uint8Array, digest: Uint8Array, signature: Uint8Array): boolean {
  return sameBytes(recover(digest, signature), address);
}
