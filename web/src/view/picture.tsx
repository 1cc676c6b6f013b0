/** A proposal's picture, shown once its hash was checked. */

import { useEffect, useRef, useState } from "preact/hooks";

import { type Picture, readPicture } from "../client/details.ts";
import { t } from "../messages/index.ts";
import { gateway } from "./session.ts";

/**
 * A picture that is loaded when it comes near the screen.
 *
 * @param class Of the picture and of the space that it takes before.
 */
export function CheckedPicture({ picture, class: name }: { picture: Picture; class: string }) {
  const place = useRef<HTMLDivElement>(null);
  const [near, setNear] = useState(false);
  const [source, setSource] = useState<string>();
  const [failed, setFailed] = useState(false);
  useEffect(() => {
    if (near || !place.current) return undefined;
    const watch = new IntersectionObserver(
      (seen) => {
        if (seen.some(({ isIntersecting }) => isIntersecting)) setNear(true);
      },
      { rootMargin: "200px" },
    );
    watch.observe(place.current);
    return () => {
      watch.disconnect();
    };
  }, [near]);
  useEffect(() => {
    if (!near) return undefined;
    const leaving = new AbortController();
    readPicture(gateway, picture, leaving.signal).then(setSource, () => {
      if (!leaving.signal.aborted) setFailed(true);
    });
    return () => {
      leaving.abort();
    };
  }, [near]);
  if (failed) {
    return <p class="hint">{t("picture.missing", { alt: picture.alt })}</p>;
  }
  if (source === undefined) return <div ref={place} class={name} />;
  return <img class={name} src={source} alt={picture.alt} />;
}
