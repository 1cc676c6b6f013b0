/** Durations and moments as an organizer writes them. */

import { toDate, type UnixSeconds } from "../protocol/units.ts";

const DURATION = /^(?:[0-9]{1,9}[wdhms])+$/;

const SECONDS = { w: 604_800, d: 86_400, h: 3600, m: 60, s: 1 } as const;

/** Seconds of `3d` or `2h30m`, as the command line reads them; undefined where it is invalid. */
export function durationS(text: string): number | undefined {
  if (!DURATION.test(text)) return undefined;
  return [...text.matchAll(/([0-9]+)([wdhms])/g)].reduce((sum, [, count, unit]) => {
    return sum + Number(count) * SECONDS[unit as keyof typeof SECONDS];
  }, 0);
}

/** A duration in days, hours, minutes and seconds. */
export function durationText(seconds: number): string {
  let left = seconds;
  const parts = (["d", "h", "m", "s"] as const).map((unit) => {
    const count = Math.floor(left / SECONDS[unit]);
    left -= count * SECONDS[unit];
    return count ? `${count}${unit}` : "";
  });
  return parts.join("") || "0s";
}

/** The value of a field for date and time, in this device's zone. */
export function localTime(at: UnixSeconds): string {
  const time = toDate(at);
  const two = (part: number) => part.toString().padStart(2, "0");
  const date = [time.getFullYear(), two(time.getMonth() + 1), two(time.getDate())].join("-");
  const clock = [time.getHours(), time.getMinutes(), time.getSeconds()].map(two);
  return `${date}T${(clock[2] === "00" ? clock.slice(0, 2) : clock).join(":")}`;
}
