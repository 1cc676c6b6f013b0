/** Name and logo of this site, which the gateway writes into the document's head. */

/** The site's name; Ostraka's own if the gateway wrote none. */
export function siteName(): string {
  return stated("application-name") || "Ostraka";
}

/** Path of the site's logo; "" without one. */
export function siteLogo(): string {
  return stated("logo");
}

function stated(name: string): string {
  return document.querySelector<HTMLMetaElement>(`meta[name="${name}"]`)?.content ?? "";
}
