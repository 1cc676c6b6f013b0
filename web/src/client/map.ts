/**
 * A map without tiles: places in the plane, by the equirectangular projection around their middle.
 *
 * Good for a town: over 50 km, distances are wrong by less than a percent.
 */

import { MICRODEGREES, type Place } from "./details.ts";

/** Metres of a degree of latitude, on a sphere with the earth's mean radius. */
const METRES_PER_DEGREE = 111_195;
/** The map shows at least this many metres, so that a single place has surroundings. */
const MIN_METRES = 400;

/** A place's coordinates on the map: 0 to 1 from the west and from the north. */
export interface Point {
  readonly x: number;
  readonly y: number;
}

export interface MapOf {
  /** In the order of the places. */
  readonly points: readonly Point[];
  /** Metres from the west of the map to its east. */
  readonly widthMetres: number;
}

/**
 * Positions of places on a map that contains them all with a margin.
 *
 * @param places At least one.
 * @param ratio Height of the map as a part of its width.
 */
export function mapOf(places: readonly Place[], ratio: number): MapOf {
  const latitudes = places.map(({ latitude }) => latitude / MICRODEGREES);
  const longitudes = unwrapped(places.map(({ longitude }) => longitude / MICRODEGREES));
  const middle = (Math.min(...latitudes) + Math.max(...latitudes)) / 2;
  const narrowing = Math.max(0.01, Math.cos((middle * Math.PI) / 180));
  const east = longitudes.map((one) => one * narrowing * METRES_PER_DEGREE);
  const north = latitudes.map((one) => one * METRES_PER_DEGREE);
  const [west, south] = [Math.min(...east), Math.min(...north)];
  const [wide, high] = [Math.max(...east) - west, Math.max(...north) - south];
  // A margin of a tenth on each side.
  const widthMetres = Math.max(wide, high / ratio, MIN_METRES) * 1.25;
  const heightMetres = widthMetres * ratio;
  const points = places.map((_, at) => ({
    x: 0.5 + (east[at]! - west - wide / 2) / widthMetres,
    y: 0.5 - (north[at]! - south - high / 2) / heightMetres,
  }));
  return { points, widthMetres };
}

/** Longitudes without the jump at 180°, where the places are on both sides of it. */
function unwrapped(longitudes: readonly number[]): number[] {
  const far = Math.max(...longitudes) - Math.min(...longitudes) > 180;
  return longitudes.map((one) => (far && one < 0 ? one + 360 : one));
}

/** Length of a scale bar: 1, 2 or 5 times a power of ten, at most a quarter of the width. */
export function scaleMetres(widthMetres: number): number {
  const most = widthMetres / 4;
  const power = 10 ** Math.floor(Math.log10(most));
  const step = [5, 2, 1].find((one) => one * power <= most) ?? 1;
  return step * power;
}
