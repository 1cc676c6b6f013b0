/** Voting keys in files and in the browser's storage. */

import { describe, expect, test } from "vitest";

import {
  forgetKey,
  keepKey,
  keptKeys,
  lock,
  readLocked,
  readPlainKey,
  unlock,
  WrongPassphrase,
} from "../../web/src/client/key_file.ts";
import { toHex } from "../../web/src/protocol/encoding.ts";
import { Malformed } from "../../web/src/protocol/errors.ts";
import { systemRandomness } from "../../web/src/protocol/randomness.ts";
import { Shelf } from "./support/shelf.ts";
import { NODES, VOTER } from "./support/votes.ts";

describe("keys", () => {
  const PASSPHRASE = "four random words";

  test("open only with their passphrase", async () => {
    const shelf = new Shelf();
    const locked = await lock(VOTER, PASSPHRASE, systemRandomness);
    expect(locked.content).not.toContain(toHex(VOTER.secret()).slice(2));
    keepKey(shelf, locked);
    keepKey(shelf, locked);
    const [kept] = keptKeys(shelf);
    expect(keptKeys(shelf)).toHaveLength(1);
    expect((await unlock(kept!, PASSPHRASE)).secret()).toEqual(VOTER.secret());
    // The same passphrase, typed in another encoding.
    const accented = await lock(VOTER, "cafe\u0301 au lait", systemRandomness);
    expect((await unlock(accented, "caf\u00e9 au lait")).address).toEqual(VOTER.address);
    await expect(unlock(kept!, "four random word")).rejects.toThrow(WrongPassphrase);
    forgetKey(shelf, VOTER.address);
    expect(keptKeys(shelf)).toEqual([]);
  });

  test("are bound to their address", async () => {
    const locked = await lock(VOTER, PASSPHRASE, systemRandomness);
    const other = toHex(NODES[0]!.address);
    const forged = readLocked(locked.content.replace(toHex(VOTER.address), other));
    await expect(unlock(forged, PASSPHRASE)).rejects.toThrow(WrongPassphrase);
  });

  test("need a passphrase of the minimum length", async () => {
    await expect(lock(VOTER, "too short", systemRandomness)).rejects.toThrow(RangeError);
  });

  test("of the command line are read, other texts are not", () => {
    const digits = toHex(VOTER.secret()).slice(2);
    expect(readPlainKey(`${digits}\n`)?.address).toEqual(VOTER.address);
    expect(readPlainKey(digits.slice(1))).toBeUndefined();
    expect(() => readPlainKey("0".repeat(64))).toThrow(RangeError);
    for (const content of ["", "{}", '{"format": "ostraka/key/v2"}', "[1]"]) {
      expect(() => readLocked(content)).toThrow(Malformed);
    }
  });

  test("are refused when their file demands too many iterations", async () => {
    const { content } = await lock(VOTER, PASSPHRASE, systemRandomness);
    expect(() => readLocked(content.replace("600000", "90000000000"))).toThrow(Malformed);
  });
});
