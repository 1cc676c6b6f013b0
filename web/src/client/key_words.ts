/**
 * A key as 24 words to write on paper: the secret and a checksum.
 *
 * The words are BIP-39's coding of 32 bytes. They encode this key; a wallet that derives
 * accounts from a mnemonic would make other keys from them.
 *
 * Source: BIP-39, "Generating the mnemonic".
 */

import { entropyToMnemonic, mnemonicToEntropy } from "@scure/bip39";
import { wordlist } from "@scure/bip39/wordlists/english.js";

import { Malformed } from "../protocol/errors.ts";
import { SigningKey } from "../protocol/keys.ts";

export const WORDS = 24;

/** The words of a key, in order. */
export function wordsOfKey(key: SigningKey): string[] {
  return entropyToMnemonic(key.secret(), wordlist).split(" ");
}

/** The key of some words; Malformed when they are invalid or one is mistaken. */
export function keyOfWords(typed: string): SigningKey {
  const words = typed.toLowerCase().trim().split(/\s+/);
  if (words.length !== WORDS) throw new Malformed("words", `${words.length}, expected ${WORDS}`);
  try {
    return new SigningKey(mnemonicToEntropy(words.join(" "), wordlist));
  } catch {
    // This also refuses words of numbers that are not keys.
    throw new Malformed("words", "one is mistaken, or their order");
  }
}
