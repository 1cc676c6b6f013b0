/** Batches of signatures accept exactly what recovery accepts. */

import { describe, expect, test } from "vitest";

import { sameBytes } from "../../web/src/protocol/encoding.ts";
import { Malformed } from "../../web/src/protocol/errors.ts";
import { SigningKey } from "../../web/src/protocol/keys.ts";
import { systemRandomness } from "../../web/src/protocol/randomness.ts";
import { firstRefused, type Signed } from "../../web/src/protocol/signature_batch.ts";
import { recoverKey } from "../../web/src/protocol/typed_data.ts";
import { unhex, vectors } from "./support/vectors.ts";

interface SignedJson {
  digest: string;
  signature: string;
  public_key: string;
}

interface SignaturesFile {
  cases: (SignedJson & { name: string; expect?: "Malformed" | "Rejected"; reason?: string })[];
  batches: { name: string; signatures: SignedJson[]; failing: number[] }[];
}

const signedOf = ({ digest, signature, public_key: publicKey }: SignedJson): Signed => ({
  digest: unhex(digest),
  signature: unhex(signature),
  publicKey: unhex(publicKey),
});

/** Whether recovery gives the public key, and the words of its refusal. */
function recovered({ digest, signature, publicKey }: Signed): string | undefined {
  try {
    if (sameBytes(recoverKey(digest, signature), publicKey)) return undefined;
    return "not signed by its public key";
  } catch (error) {
    if (error instanceof Malformed) return error.message;
    throw error;
  }
}

describe("signatures.json", () => {
  const { cases, batches } = vectors<SignaturesFile>("signatures");
  const good = cases.filter((one) => one.expect === undefined).map(signedOf);

  test.each(cases)("$name", (given) => {
    const signed = signedOf(given);
    expect(recovered(signed)).toBe(given.reason);
    const refused = given.expect === undefined ? undefined : 0;
    expect(firstRefused([signed], systemRandomness)).toBe(refused);
    const among = [...good.slice(0, 3), signed, ...good.slice(3, 5)];
    expect(firstRefused(among, systemRandomness)).toBe(refused === 0 ? 3 : undefined);
  });

  test.each(batches)("a batch: $name", ({ signatures, failing }) => {
    const batch = signatures.map(signedOf);
    for (let start = 0; start <= batch.length; start++) {
      const first = failing.find((number) => number >= start);
      const expected = first === undefined ? undefined : first - start;
      expect(firstRefused(batch.slice(start), systemRandomness)).toBe(expected);
    }
  });
});

test("one bad signature is found at every place of a batch", () => {
  const batch = Array.from({ length: 33 }, (_, number): Signed => {
    const key = new SigningKey(new Uint8Array(32).fill(number + 1));
    const digest = new Uint8Array(32).fill(200 - number);
    const signature = key.sign(digest);
    return { digest, signature, publicKey: recoverKey(digest, signature) };
  });
  expect(firstRefused(batch, systemRandomness)).toBeUndefined();
  batch.forEach((signed, number) => {
    const digest = signed.digest.with(number % 32, 7);
    const changed = batch.with(number, { ...signed, digest });
    expect(firstRefused(changed, systemRandomness)).toBe(number);
  });
});

test("weights are drawn from the given randomness, afresh for each signature", () => {
  const key = new SigningKey(new Uint8Array(32).fill(3));
  const digest = new Uint8Array(32).fill(4);
  const signature = key.sign(digest);
  const batch = new Array<Signed>(5).fill({
    digest,
    signature,
    publicKey: recoverKey(digest, signature),
  });
  const drawn: number[] = [];
  const counting = {
    ...systemRandomness,
    bytes: (size: number) => {
      drawn.push(size);
      return systemRandomness.bytes(size);
    },
  };
  expect(firstRefused(batch, counting)).toBeUndefined();
  expect(drawn).toEqual([16, 16, 16, 16, 16]);
});
