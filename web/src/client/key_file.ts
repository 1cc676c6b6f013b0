/**
 * Keys made in the browser, encrypted with a passphrase: stored, exported and imported.
 *
 * PBKDF2 with SHA-256, then AES-256-GCM, both from WebCrypto. The address is stored with the
 * secret and authenticated. Anyone who has the file and guesses the passphrase can vote; the number
 * of iterations is OWASP's recommendation of 2023 for PBKDF2.
 *
 * Source: docs/protocol.md §15; docs/decisions/0055-what-the-browser-keeps.md.
 */

import { fromHex, sameBytes, toHex, utf8 } from "../protocol/encoding.ts";
import { Malformed } from "../protocol/errors.ts";
import { readJson } from "../protocol/json.ts";
import { SigningKey } from "../protocol/keys.ts";
import type { Randomness } from "../protocol/randomness.ts";
import { bytes, record, text, whole } from "./shape.ts";
import type { Store } from "./votes.ts";

const FORMAT = "ostraka/key/v1";
const KDF = "PBKDF2-SHA256";
const CIPHER = "AES-256-GCM";
const ITERATIONS = 600_000;
/** Maximum that a file may demand, so that no import takes minutes. */
const MAX_ITERATIONS = 10_000_000;
const SALT_BYTES = 16;
const NONCE_BYTES = 12;
const SHELF = "ostraka/keys";

/** Minimum length of a passphrase, in characters. */
export const MIN_PASSPHRASE = 10;

/** Whether a passphrase is long enough. */
export function longEnough(passphrase: string): boolean {
  return Array.from(passphrase).length >= MIN_PASSPHRASE;
}

/** The passphrase does not open the key. */
export class WrongPassphrase extends Error {
  override readonly name = "WrongPassphrase";
}

const shape = record({
  format: text,
  address: bytes,
  kdf: text,
  iterations: whole,
  salt: bytes,
  cipher: text,
  nonce: bytes,
  ciphertext: bytes,
});

/** A key encrypted with a passphrase. */
export interface LockedKey {
  /** 20 bytes. */
  readonly address: Uint8Array;
  /** The file: JSON. */
  readonly content: string;
}

/** Encrypt a key with a passphrase; RangeError when that is too short. */
export async function lock(
  key: SigningKey,
  passphrase: string,
  randomness: Randomness,
): Promise<LockedKey> {
  if (!longEnough(passphrase)) throw new RangeError("passphrase: too short");
  const [salt, nonce] = [randomness.bytes(SALT_BYTES), randomness.bytes(NONCE_BYTES)];
  const sealing = await derive(passphrase, salt, ITERATIONS, "encrypt");
  const secret = key.secret();
  const sealed = await crypto.subtle.encrypt(cipher(nonce, key.address), sealing, own(secret));
  secret.fill(0);
  const content = {
    format: FORMAT,
    address: toHex(key.address),
    kdf: KDF,
    iterations: ITERATIONS,
    salt: toHex(salt),
    cipher: CIPHER,
    nonce: toHex(nonce),
    ciphertext: toHex(new Uint8Array(sealed)),
  };
  return { address: key.address, content: JSON.stringify(content, undefined, 1) };
}

/** Read a file of a locked key; Malformed when it is invalid. */
export function readLocked(content: string): LockedKey {
  return { address: parse(content).address, content };
}

/**
 * The key.
 *
 * @throws WrongPassphrase: the passphrase is wrong, or the file was changed.
 * @throws Malformed: it is not a file of a key.
 */
export async function unlock({ content }: LockedKey, passphrase: string): Promise<SigningKey> {
  const { address, salt, iterations, nonce, ciphertext } = parse(content);
  const opening = await derive(passphrase, salt, iterations, "decrypt");
  let secret: Uint8Array;
  try {
    const opened = await crypto.subtle.decrypt(cipher(nonce, address), opening, own(ciphertext));
    secret = new Uint8Array(opened);
  } catch {
    throw new WrongPassphrase();
  }
  const key = new SigningKey(secret);
  secret.fill(0);
  if (!sameBytes(key.address, address)) throw new Malformed("key.address", "of another key");
  return key;
}

/** A key of the command line's file: 64 hexadecimal digits; undefined for anything else. */
export function readPlainKey(content: string): SigningKey | undefined {
  const digits = content.trim().replace(/^0x/, "").toLowerCase();
  return /^[0-9a-f]{64}$/.test(digits) ? new SigningKey(fromHex(`0x${digits}`, "key")) : undefined;
}

/** The locked keys on this device, without damaged ones. */
export function keptKeys(store: Store): LockedKey[] {
  let kept: unknown;
  try {
    kept = JSON.parse(store.getItem(SHELF) ?? "[]");
  } catch {
    return [];
  }
  if (!Array.isArray(kept)) return [];
  return kept.flatMap((content: unknown) => {
    try {
      return [readLocked(String(content))];
    } catch (error) {
      if (error instanceof Malformed) return [];
      throw error;
    }
  });
}

/** Store a key on this device and replace one with the same address. */
export function keepKey(store: Store, key: LockedKey): void {
  write(store, [...others(store, key.address), key]);
}

/** Delete a key. */
export function forgetKey(store: Store, address: Uint8Array): void {
  write(store, others(store, address));
}

function others(store: Store, address: Uint8Array): LockedKey[] {
  return keptKeys(store).filter((one) => !sameBytes(one.address, address));
}

function write(store: Store, keys: readonly LockedKey[]): void {
  store.setItem(SHELF, JSON.stringify(keys.map(({ content }) => content)));
}

function parse(content: string) {
  const read = shape(readJson(content, "key"), "key");
  if (read.format !== FORMAT) throw new Malformed("key.format", "unknown");
  if (read.kdf !== KDF || read.cipher !== CIPHER) throw new Malformed("key", "unknown ciphers");
  if (read.iterations < 1 || read.iterations > MAX_ITERATIONS) {
    throw new Malformed("key.iterations", `${read.iterations}, not 1 to ${MAX_ITERATIONS}`);
  }
  return read;
}

function cipher(nonce: Uint8Array, address: Uint8Array): AesGcmParams {
  return { name: "AES-GCM", iv: own(nonce), additionalData: own(address) };
}

async function derive(
  passphrase: string,
  salt: Uint8Array,
  iterations: number,
  usage: "encrypt" | "decrypt",
): Promise<CryptoKey> {
  // Normalize: keyboards encode the same passphrase differently.
  const typed = own(utf8(passphrase.normalize("NFKC")));
  const material = await crypto.subtle.importKey("raw", typed, "PBKDF2", false, ["deriveKey"]);
  const parameters = { name: "PBKDF2", hash: "SHA-256", salt: own(salt), iterations };
  const kind = { name: "AES-GCM", length: 256 };
  return await crypto.subtle.deriveKey(parameters, material, kind, false, [usage]);
}

/** A copy of bytes, as WebCrypto's types require. */
function own(data: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(data);
}
