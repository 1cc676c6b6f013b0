/** Keys written as words. */

import { describe, expect, test } from "vitest";

import { keyOfWords, wordsOfKey } from "../../web/src/client/key_words.ts";
import { Malformed } from "../../web/src/protocol/errors.ts";
import { SigningKey } from "../../web/src/protocol/keys.ts";

describe("a key on paper", () => {
  test("is read back, and mistakes are detected", () => {
    const key = new SigningKey(new Uint8Array(32).fill(7));
    const written = wordsOfKey(key);
    expect(written).toHaveLength(24);
    expect(keyOfWords(`  ${written.join("\n").toUpperCase()} `).secret()).toEqual(key.secret());
    expect(() => keyOfWords(written.slice(1).join(" "))).toThrow(Malformed);
    expect(() => keyOfWords([...written.slice(1), "ostrakon"].join(" "))).toThrow(Malformed);
    const [first, second, ...rest] = written.with(1, written[1] === "zoo" ? "abandon" : "zoo");
    expect(() => keyOfWords([first, second, ...rest].join(" "))).toThrow(Malformed);
    // The words of 0, which is not a valid key.
    expect(() => keyOfWords(`${"abandon ".repeat(23)}art`)).toThrow(Malformed);
  });

  test("is encoded as BIP-39 defines", () => {
    // Of 32 bytes of 0x7f, from the vectors of the Trezor library.
    const expected =
      "legal winner thank year wave sausage worth useful legal winner thank year wave sausage " +
      "worth useful legal winner thank year wave sausage worth title";
    const key = new SigningKey(new Uint8Array(32).fill(0x7f));
    expect(wordsOfKey(key).join(" ")).toBe(expected);
  });
});
