/** A catalogue as the build compiles it (web/catalogues.ts). */
declare module "*.po" {
  const messages: Readonly<Record<string, string | ((values: object) => string)>>;
  export default messages;
}
