/** A page's own style sheet; the build loads it with the page's module. */
declare module "*.css";
