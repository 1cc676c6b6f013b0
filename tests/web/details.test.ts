/** Details of proposals: canonical bytes as in Python, the signed hash, places, the map. */

import { describe, expect, test } from "vitest";

import {
  type Details,
  detailsHash,
  detailsOf,
  encodeDetails,
  NO_DETAILS,
  placeText,
  readPicture,
  readPlace,
} from "../../web/src/client/details.ts";
import type { Gateway } from "../../web/src/client/gateway.ts";
import { mapOf, scaleMetres } from "../../web/src/client/map.ts";
import { fromUtf8, keccak256, toHex, utf8 } from "../../web/src/protocol/encoding.ts";

const HASH = new Uint8Array(32).fill(0xab);
const PLACE = { latitude: 52_229_676, longitude: 21_012_229, label: "Łazienki" };
const DETAILS: Details = { place: PLACE, image: { sha256: HASH, alt: "é" } };
// As tests/backend/test_proposal_details.py has it.
const CANONICAL =
  `{"image":{"alt":"\\u00e9","sha256":"${toHex(HASH)}"},"place":` +
  '{"label":"\\u0141azienki","latitude":52229676,"longitude":21012229}}';

test("details have the same canonical bytes as in Python", () => {
  expect(fromUtf8(encodeDetails(DETAILS), "details")).toBe(CANONICAL);
  expect(detailsHash(DETAILS)).toEqual(keccak256(utf8(CANONICAL)));
  expect(detailsHash({ place: undefined, image: undefined })).toEqual(NO_DETAILS);
});

describe("details that a gateway shows", () => {
  test("are those that the member signed", () => {
    const details = keccak256(utf8(CANONICAL));
    expect(detailsOf({ details, detailsDocument: CANONICAL })).toEqual(DETAILS);
  });

  test.each([
    ["missing", NO_DETAILS, undefined],
    ["other than the signed ones", HASH, CANONICAL],
    ["unreadable", keccak256(utf8("[")), "["],
    ["of another form", keccak256(utf8('{"place":3}')), '{"place":3}'],
  ])("%s are not shown", (_, details, detailsDocument) => {
    expect(detailsOf({ details, detailsDocument })).toBeUndefined();
  });

  test("name no place beyond the poles", () => {
    const document = '{"place":{"latitude":90000001,"longitude":0}}';
    const shown = detailsOf({ details: keccak256(utf8(document)), detailsDocument: document });
    expect(shown?.place).toBeUndefined();
  });
});

test("a picture with another hash is not shown", async () => {
  const gateway = { download: () => Promise.resolve(utf8("picture")) } as unknown as Gateway;
  const { signal } = new AbortController();
  await expect(readPicture(gateway, { sha256: HASH, alt: "" }, signal)).rejects.toThrow("picture");
});

describe("a typed place", () => {
  test.each(["52.229676, 21.012229", " 52.229676 21.012229 ", "52.229676;21.012229"])(
    "%s",
    (typed) => {
      const place = readPlace(typed)!;
      expect(place).toEqual({ latitude: 52_229_676, longitude: 21_012_229 });
      expect(placeText({ ...place, label: undefined })).toBe("52.229676, 21.012229");
    },
  );

  test.each(["", "52", "91, 0", "0, 181", "a, b", "1,2,3"])("is not %j", (typed) => {
    expect(readPlace(typed)).toBeUndefined();
  });
});

describe("the map", () => {
  const at = (latitude: number, longitude: number) => ({ latitude, longitude, label: undefined });

  test("has north above and east on the right, within its margin", () => {
    const { points } = mapOf([at(52_000_000, 21_000_000), at(52_010_000, 21_020_000)], 0.5);
    const [south, north] = points as [(typeof points)[0], (typeof points)[0]];
    expect(north.y).toBeLessThan(south.y);
    expect(north.x).toBeGreaterThan(south.x);
    for (const { x, y } of points) {
      expect(Math.min(x, y)).toBeGreaterThan(0.05);
      expect(Math.max(x, y)).toBeLessThan(0.95);
    }
  });

  test("knows its width in metres", () => {
    // A degree of longitude on the equator, with a tenth of margin on each side.
    const { widthMetres } = mapOf([at(0, 0), at(0, 1_000_000)], 0.5);
    expect(widthMetres).toBeCloseTo(111_195 * 1.25, 0);
    expect(scaleMetres(widthMetres)).toBe(20_000);
  });

  test("shows one place in the middle", () => {
    const { points, widthMetres } = mapOf([at(52_000_000, 21_000_000)], 0.5);
    expect(points).toEqual([{ x: 0.5, y: 0.5 }]);
    expect(widthMetres).toBe(500);
  });

  test("crosses the meridian at 180°", () => {
    const { widthMetres } = mapOf([at(0, 179_900_000), at(0, -179_900_000)], 0.5);
    expect(widthMetres).toBeLessThan(30_000);
  });
});
