/** A place in words: its label, and its coordinates. */

import { type Place, placeText } from "../client/details.ts";

export function PlaceText({ place }: { place: Place }) {
  return (
    <>
      {place.label && <>{place.label} </>}
      <small>{placeText(place)}</small>
    </>
  );
}
