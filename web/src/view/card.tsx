/** Cards in a grid, which takes as many columns as the page is wide. */

import type { ComponentChildren } from "preact";

/** A grid of cards; each child is one `Card`. */
export function CardGrid({ children }: { children: ComponentChildren }) {
  return <ul class="grid">{children}</ul>;
}

/** A picture of a card, from the gateway's own origin. */
export interface CardImage {
  readonly src: string;
  /** What it shows; empty if it adds nothing to the text. */
  readonly alt: string;
}

/** A card, whose whole area opens `href` if that is given. */
export function Card({
  title,
  level = 3,
  href,
  image,
  head,
  foot,
  children,
}: {
  title: string;
  /** Level of its heading, one below the heading of its section. */
  level?: 2 | 3 | 4;
  href?: string | undefined;
  image?: CardImage | undefined;
  /** Above the title: badges. */
  head?: ComponentChildren;
  /** Last line: amount, author, votes. */
  foot?: ComponentChildren;
  children?: ComponentChildren;
}) {
  const Heading = `h${level}` as const;
  return (
    <li>
      <article class="card">
        {head && <div class="card-head">{head}</div>}
        <Heading class="card-title">
          {href === undefined ? (
            title
          ) : (
            <a class="card-link" href={href}>
              {title}
            </a>
          )}
        </Heading>
        {image && (
          <img
            class="card-image"
            src={image.src}
            alt={image.alt}
            width={640}
            height={360}
            loading="lazy"
          />
        )}
        {children}
        {foot && <div class="card-foot">{foot}</div>}
      </article>
    </li>
  );
}
