/** Prints the text of the QR code in a picture: width, height and grey values as JSON on stdin. */

import { readFileSync } from "node:fs";

import decodeQr from "qr/decode.js";

const { width, height, grey } = JSON.parse(readFileSync(0, "utf8")) as {
  width: number;
  height: number;
  grey: string;
};
const colours = [...Buffer.from(grey, "base64")].flatMap((value) => [value, value, value, 255]);
process.stdout.write(decodeQr({ width, height, data: Uint8Array.from(colours) }));
