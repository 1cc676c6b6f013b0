/** List entries that are moved by mouse, pen or finger; for keyboards there are buttons. */

import { useState } from "preact/hooks";

/** Properties that make an element the grip of an entry. */
export interface Grip {
  readonly onPointerDown: (event: PointerEvent) => void;
  readonly onPointerMove: (event: PointerEvent) => void;
  readonly onPointerUp: () => void;
  readonly onPointerCancel: () => void;
}

/**
 * Dragging within a list whose entries are `li`.
 *
 * @param move Called whenever the held entry is over another entry's place.
 * @returns Place of the held entry, undefined while no entry is held; and the grip of each entry.
 */
export function useDragging(
  move: (from: number, to: number) => void,
): [number | undefined, (place: number) => Grip] {
  const [held, setHeld] = useState<number>();
  const drop = () => {
    setHeld(undefined);
  };
  const gripOf = (place: number): Grip => ({
    onPointerDown: (event) => {
      if (event.button !== 0) return;
      event.preventDefault();
      // This grip gets all moves, even outside of it.
      (event.currentTarget as Element).setPointerCapture(event.pointerId);
      setHeld(place);
    },
    onPointerMove: (event) => {
      if (held !== place) return;
      const entry = (event.currentTarget as Element).closest("li");
      const entries = [...(entry?.parentElement?.children ?? [])];
      const to = entries.findIndex((one) => {
        const { top, bottom } = one.getBoundingClientRect();
        return event.clientY >= top && event.clientY < bottom;
      });
      if (to < 0 || to === place) return;
      move(place, to);
      setHeld(to);
    },
    onPointerUp: drop,
    onPointerCancel: drop,
  });
  return [held, gripOf];
}
