/** A button that saves a picture of a result; what draws it is loaded when it is wanted. */

import { Image } from "lucide";

import { t } from "../../messages/results.ts";
import { Icon } from "../../view/icon.tsx";
import type { Outcome } from "./outcome.tsx";

export function ShareCard({ outcome }: { outcome: Outcome }) {
  const save = async () => {
    const { savePicture } = await import("./share_picture.ts");
    savePicture(outcome);
  };
  return (
    <button type="button" onClick={() => void save()}>
      <Icon of={Image} /> {t("results.picture")}
    </button>
  );
}
