/** Prints a key file in the browser's export format: node browser_key.ts SECRET PASSPHRASE. */

import { lock } from "../../../web/src/client/key_file.ts";
import { fromHex } from "../../../web/src/protocol/encoding.ts";
import { SigningKey } from "../../../web/src/protocol/keys.ts";
import { systemRandomness } from "../../../web/src/protocol/randomness.ts";

const [secret, passphrase] = process.argv.slice(2);
if (secret === undefined || passphrase === undefined) throw new Error("usage: SECRET PASSPHRASE");
const locked = await lock(
  new SigningKey(fromHex(`0x${secret}`, "secret")),
  passphrase,
  systemRandomness,
);
process.stdout.write(locked.content);
