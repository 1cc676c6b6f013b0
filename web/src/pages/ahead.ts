/** What each page reads first, so that it is asked for while the page's script is loaded. */

import type { Route } from "../view/router.ts";

/** Paths of the gateway that a page asks for as soon as it is shown, besides the configuration. */
export function readFirst(route: Route): string[] {
  switch (route.page) {
    case "home":
      return ["/rounds", "/polls", "/plans?brief=true"];
    case "round":
    case "proposal":
      return [`/rounds/${route.id}`, `/rounds/${route.id}/proposals`];
    case "poll":
    case "audit":
    case "check":
      return [`/polls/${route.id}`];
    case "results":
    case "certificate":
      return [`/polls/${route.id}`, `/polls/${route.id}/results`];
    default:
      return [];
  }
}
