/**
 * A key as 24 words to be written on paper: the secret itself, with a checksum.
 *
 * The words are BIP-39's coding of 32 bytes. They stand for this one key; a wallet that derives
 * accounts from a mnemonic would make others of them.
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

/** The key of some words; Malformed when they are none, or one is mistaken. */
export function keyOfWords(typed: string): SigningKey {
  const words = typed.toLowerCase().trim().split(/\s+/);
  if (words.length !== WORDS) throw new Malformed("words", `${words.length}, expected ${WORDS}`);
  try {
    return new SigningKey(mnemonicToEntropy(words.join(" "), wordlist));
  } catch {
    // Also the words of numbers that are no key.
    throw new Malformed("words", "one is mistaken, or their order");
  }
}
