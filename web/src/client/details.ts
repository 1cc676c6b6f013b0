/**
 * Further details of a proposal: where it is, and a picture of it.
 *
 * A member signs their hash with the proposal. Details and pictures come from the gateway and are
 * shown only if they have the hash.
 *
 * Source: docs/protocol.md §17.2.
 */

import { sha256 } from "@noble/hashes/sha2.js";

import { HASH_BYTES, keccak256, sameBytes, toHex, utf8 } from "../protocol/encoding.ts";
import { AuditError, Malformed } from "../protocol/errors.ts";
import { readJson } from "../protocol/json.ts";
import type { Gateway } from "./gateway.ts";
import { bytes, type Of, optional, record, text, whole } from "./shape.ts";

export const MICRODEGREES = 1_000_000;
export const MAX_ALT_CHARACTERS = 300;
export const MAX_LABEL_CHARACTERS = 120;
/** A gateway encodes pictures in at most 512 KiB. */
const MAX_IMAGE_BYTES = 512 * 1024;

/** Details of a proposal that all others are without; zero. */
export const NO_DETAILS = new Uint8Array(HASH_BYTES);

const place = record({ latitude: whole, longitude: whole, label: optional(text) });
/** A point on the earth (WGS 84), in millionths of a degree. */
export type Place = Of<typeof place>;

const picture = record({ sha256: bytes, alt: text });
/** A picture by the hash of its file, and what it shows. */
export type Picture = Of<typeof picture>;

const shape = record({ place: optional(place), image: optional(picture) });
export type Details = Of<typeof shape>;

/** Answer to the upload of a picture. */
export const uploaded = record({ sha256: bytes, width: whole, height: whole });

/**
 * Details of a proposal from the document that the gateway gives; undefined if the document is
 * missing, does not have the signed hash, or cannot be read.
 */
export function detailsOf({
  details,
  detailsDocument,
}: {
  readonly details: Uint8Array;
  readonly detailsDocument: string | undefined;
}): Details | undefined {
  if (detailsDocument === undefined) return undefined;
  if (!sameBytes(keccak256(utf8(detailsDocument)), details)) return undefined;
  try {
    const read = shape(readJson(detailsDocument, "details"), "details");
    return { ...read, place: read.place && isOnEarth(read.place) ? read.place : undefined };
  } catch (error) {
    if (error instanceof AuditError) return undefined;
    throw error;
  }
}

function isOnEarth({ latitude, longitude }: Place): boolean {
  return Math.abs(latitude) <= 90 * MICRODEGREES && Math.abs(longitude) <= 180 * MICRODEGREES;
}

/** Details as JSON values; undefined if there are none. */
export function detailsJson({ place: at, image }: Details): object | undefined {
  if (!at && !image) return undefined;
  return {
    ...(image && { image: { alt: image.alt.toWellFormed(), sha256: toHex(image.sha256) } }),
    ...(at && {
      place: {
        ...(at.label && { label: at.label.toWellFormed() }),
        latitude: at.latitude,
        longitude: at.longitude,
      },
    }),
  };
}

/** Canonical JSON of details: sorted members, no blanks, ASCII only. */
export function encodeDetails(details: Details): Uint8Array {
  // `detailsJson` names the members in order.
  const written = JSON.stringify(detailsJson(details) ?? {});
  return utf8(
    written.replaceAll(/[\u007f-\uffff]/g, (sign) => {
      return `\\u${sign.charCodeAt(0).toString(16).padStart(4, "0")}`;
    }),
  );
}

/** The hash that a member signs; zero without details. */
export function detailsHash(details: Details): Uint8Array {
  return detailsJson(details) ? keccak256(encodeDetails(details)) : NO_DETAILS;
}

/**
 * Read "LATITUDE, LONGITUDE" in degrees, as maps on the web show them; undefined if it is invalid.
 */
export function readPlace(typed: string): { latitude: number; longitude: number } | undefined {
  const form = /^\s*(-?[0-9]{1,2}(?:\.[0-9]+)?)\s*[,;\s]\s*(-?[0-9]{1,3}(?:\.[0-9]+)?)\s*$/;
  const found = form.exec(typed);
  if (!found) return undefined;
  const [latitude, longitude] = [found[1], found[2]].map((degrees) => {
    return Math.round(Number(degrees) * MICRODEGREES);
  }) as [number, number];
  const at = { latitude, longitude };
  return isOnEarth({ ...at, label: undefined }) ? at : undefined;
}

/** A place in degrees, as `readPlace` reads it. */
export function placeText({ latitude, longitude }: Place): string {
  return [latitude, longitude].map((value) => (value / MICRODEGREES).toFixed(6)).join(", ");
}

/**
 * A picture as a data URL, after its hash was checked.
 *
 * @throws Refusal, Unreachable: as `Gateway`. Malformed: the gateway serves another picture.
 */
export async function readPicture(
  gateway: Gateway,
  { sha256: wanted }: Picture,
  signal: AbortSignal,
): Promise<string> {
  const path = `/images/${toHex(wanted)}`;
  const content = await gateway.download(path, MAX_IMAGE_BYTES, undefined, signal);
  if (!sameBytes(sha256(content), wanted)) throw new Malformed(path, "another picture");
  let binary = "";
  for (let at = 0; at < content.length; at += 8192) {
    binary += String.fromCharCode(...content.subarray(at, at + 8192));
  }
  return `data:image/webp;base64,${btoa(binary)}`;
}
