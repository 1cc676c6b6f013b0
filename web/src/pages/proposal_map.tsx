/** Where the proposals of a round are: a plan drawn from their coordinates, without map tiles. */

import { detailsOf, type Place } from "../client/details.ts";
import { mapOf, scaleMetres } from "../client/map.ts";
import type { Proposal } from "../client/views.ts";
import { number, t } from "../messages/index.ts";
import { proposalPath } from "./proposal_card.tsx";
import "./proposal_map.css";

/** Units of the drawing. */
const [WIDTH, HEIGHT] = [800, 450];
const KILOMETRE = 1000;

/** A place of the map. */
export interface Marker {
  /** Number on the map and in the list beside it. */
  readonly number: number;
  readonly title: string;
  readonly href: string;
  readonly place: Place;
}

/** Markers of a round's standing proposals that name a place, numbered as they are listed. */
export function markersOf(round: bigint, listed: readonly Proposal[]): Marker[] {
  return listed.flatMap((proposal, at) => {
    const place = proposal.withdrawn ? undefined : detailsOf(proposal)?.place;
    if (!place) return [];
    const { title } = proposal;
    return [{ number: at + 1, title, href: proposalPath(round, proposal), place }];
  });
}

/** The map with the list of its places. */
export function MapWithList({ markers }: { markers: readonly Marker[] }) {
  return (
    <div class="map-and-list">
      <ProposalMap markers={markers} />
      <ol class="map-list">
        {markers.map(({ number: shown, title, href, place }) => (
          <li key={shown} value={shown}>
            <a href={href}>{title}</a>
            {place.label && <span class="hint"> {place.label}</span>}
          </li>
        ))}
      </ol>
    </div>
  );
}

/** @param highlighted Number of the marker that stands out. */
export function ProposalMap({
  markers,
  highlighted,
}: {
  markers: readonly Marker[];
  highlighted?: number;
}) {
  const { points, widthMetres } = mapOf(
    markers.map(({ place }) => place),
    HEIGHT / WIDTH,
  );
  const scale = scaleMetres(widthMetres);
  const scaleWidth = (scale / widthMetres) * WIDTH;
  const grid = scaleWidth;
  const scaleText =
    scale < KILOMETRE
      ? t("map.metres", { count: number(scale) })
      : t("map.kilometres", { count: number(scale / KILOMETRE) });
  const drawn = markers.map((marker, at) => ({ ...marker, point: points[at]! }));
  // The highlighted one is drawn last, above the others.
  drawn.sort(
    (one, other) => Number(one.number === highlighted) - Number(other.number === highlighted),
  );
  return (
    <figure class="map">
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="group" aria-label={t("map.label")}>
        <Grid step={grid} />
        {drawn.map(({ number: shown, title, href, point }) => (
          <a key={shown} href={href} aria-label={`${shown}. ${title}`}>
            <g
              class={shown === highlighted ? "marker highlighted" : "marker"}
              transform={`translate(${(point.x * WIDTH).toFixed(1)} ${(point.y * HEIGHT).toFixed(1)})`}
            >
              <g class="pin">
                <path d="M0 0 L-9 -16 A15 15 0 1 1 9 -16 Z" />
                <text y="-22">{shown}</text>
              </g>
              <title>{title}</title>
            </g>
          </a>
        ))}
        <g class="scale" transform={`translate(20 ${HEIGHT - 20})`}>
          <path d={`M0 -8 V0 H${scaleWidth.toFixed(1)} V-8`} />
          <text x={(scaleWidth / 2).toFixed(1)} y="-6">
            {scaleText}
          </text>
        </g>
        <g class="north" transform={`translate(${WIDTH - 30} 40)`}>
          <path d="M0 -26 L7 -8 L0 -12 L-7 -8 Z" />
          <text y="8">{t("map.north")}</text>
        </g>
      </svg>
      <figcaption class="hint">{t("map.caption")}</figcaption>
    </figure>
  );
}

function Grid({ step }: { step: number }) {
  const lines = (length: number) =>
    Array.from({ length: Math.floor(length / step) + 1 }, (_, at) => at * step);
  return (
    <g class="grid-lines" aria-hidden="true">
      {lines(WIDTH).map((x) => (
        <path key={`x${x}`} d={`M${x.toFixed(1)} 0 V${HEIGHT}`} />
      ))}
      {lines(HEIGHT).map((y) => (
        <path key={`y${y}`} d={`M0 ${(HEIGHT - y).toFixed(1)} H${WIDTH}`} />
      ))}
    </g>
  );
}
