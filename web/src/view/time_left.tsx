/** A moment as its distance from now, by the chain's clock. */

import { useEffect, useState } from "preact/hooks";

import { fromNow, moment } from "../messages/index.ts";
import { toDate, type UnixSeconds } from "../protocol/units.ts";

const MINUTE_MS = 60_000;
const SECOND_MS = 1000;

/** Seconds since this component appeared; every second in the last minutes, else every minute. */
function useElapsedS(distanceS: number): number {
  const [startMs] = useState(() => performance.now());
  const [elapsedS, setElapsedS] = useState(0);
  const soon = Math.abs(distanceS - elapsedS) < 300;
  useEffect(() => {
    const timer = setInterval(
      () => {
        setElapsedS(Math.floor((performance.now() - startMs) / SECOND_MS));
      },
      soon ? SECOND_MS : MINUTE_MS,
    );
    return () => {
      clearInterval(timer);
    };
  }, [soon, startMs]);
  return elapsedS;
}

/** "in 3 days" or "2 hours ago"; the exact time is its tooltip, and is read by machines. */
export function TimeLeft({ at, now }: { at: UnixSeconds; now: UnixSeconds }) {
  const distanceS = Number(at - now);
  const elapsedS = useElapsedS(distanceS);
  return (
    <time dateTime={toDate(at).toISOString()} title={moment(at)}>
      {fromNow(distanceS - elapsedS)}
    </time>
  );
}
