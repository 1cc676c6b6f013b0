/** Routes: paths of the address bar, without reloading the page. */

import { useEffect, useState } from "preact/hooks";

/** A page with the parameters of its path. */
export type Route =
  | { readonly page: "missing" | "design" | Organizing | Plain }
  | { readonly page: Numbered | "plan" | "subscription"; readonly id: bigint }
  | { readonly page: "proposal" | "revise"; readonly id: bigint; readonly proposal: string };

/** Pages whose address is their name, except the first. */
type Plain = "home" | "key" | "voting-key" | "register" | "about" | "organize" | Statement;

/** Texts of whoever runs the site. */
type Statement = "imprint" | "privacy" | "accessibility";

/** Further pages of organizers. */
type Organizing = "newPlan" | "team" | "log";

type Numbered =
  "round" | "propose" | "publicLog" | "poll" | "check" | "results" | "audit" | "certificate";

const NUMBERED: readonly (readonly [RegExp, Numbered])[] = [
  [/^\/rounds\/([1-9][0-9]{0,17})$/, "round"],
  [/^\/rounds\/([1-9][0-9]{0,17})\/propose$/, "propose"],
  [/^\/rounds\/([1-9][0-9]{0,17})\/log$/, "publicLog"],
  [/^\/polls\/([1-9][0-9]{0,17})$/, "poll"],
  [/^\/polls\/([1-9][0-9]{0,17})\/check$/, "check"],
  [/^\/polls\/([1-9][0-9]{0,17})\/results$/, "results"],
  [/^\/polls\/([1-9][0-9]{0,17})\/audit$/, "audit"],
  [/^\/polls\/([1-9][0-9]{0,17})\/certificate$/, "certificate"],
];
const PROPOSAL = /^\/rounds\/([1-9][0-9]{0,17})\/proposals\/(0x[0-9a-f]{64})(\/edit)?$/;

/** The page at a path. */
export function routeOf(path: string): Route {
  switch (path) {
    case "/":
      return { page: "home" };
    case "/key":
    case "/voting-key":
    case "/register":
    case "/about":
    case "/imprint":
    case "/privacy":
    case "/accessibility":
    case "/organize":
      return { page: path.slice(1) as Plain };
    case "/organize/new":
      return { page: "newPlan" };
    case "/organize/team":
      return { page: "team" };
    case "/organize/log":
      return { page: "log" };
    case "/design":
      // The components on one page; builds do not contain it.
      if (import.meta.env.DEV) return { page: "design" };
  }
  // Plans and subscriptions are numbered in hexadecimal.
  const plan = /^\/organize\/([0-9a-f]{16})$/.exec(path);
  if (plan) return { page: "plan", id: BigInt(`0x${plan[1]}`) };
  const subscription = /^\/subscriptions\/([0-9a-f]{32})$/.exec(path);
  if (subscription) return { page: "subscription", id: BigInt(`0x${subscription[1]}`) };
  for (const [pattern, page] of NUMBERED) {
    const found = pattern.exec(path);
    if (found) return { page, id: BigInt(found[1]!) };
  }
  const proposal = PROPOSAL.exec(path);
  if (proposal) {
    const page = proposal[3] ? "revise" : "proposal";
    return { page, id: BigInt(proposal[1]!), proposal: proposal[2]! };
  }
  return { page: "missing" };
}

/** The current page; links within the client change it. */
export function useRoute(): Route {
  const [path, setPath] = useState(location.pathname);
  useEffect(() => {
    const arrive = () => {
      setPath(location.pathname);
    };
    const follow = (event: MouseEvent) => {
      const link = event.target instanceof Element ? event.target.closest("a") : null;
      const plain = !event.ctrlKey && !event.metaKey && !event.shiftKey && event.button === 0;
      if (!link || !plain || event.defaultPrevented) return;
      // Properties of links within drawings are no texts.
      if (link.hasAttribute("target") || link.hasAttribute("download")) return;
      const to = new URL(link.getAttribute("href") ?? "", location.href);
      // A provider named in the address applies to that page only, whose policy allows it.
      const same = to.origin === location.origin && !location.search && !to.search && !to.hash;
      if (!same || routeOf(to.pathname).page === "missing") return;
      event.preventDefault();
      history.pushState(null, "", to.pathname);
      arrive();
      scrollTo(0, 0);
    };
    addEventListener("popstate", arrive);
    document.addEventListener("click", follow);
    return () => {
      removeEventListener("popstate", arrive);
      document.removeEventListener("click", follow);
    };
  }, []);
  return routeOf(path);
}
