// Light or dark: as the device says, or as the person chose. The choice is kept on this device.

/** What the person chose. */
export type Appearance = "system" | "light" | "dark";

const ORDER: readonly Appearance[] = ["system", "light", "dark"];
const KEY = "foyer.appearance";

/** The choice that was kept, where keeping is allowed. */
function kept(): Appearance {
  try {
    const value = localStorage.getItem(KEY) as Appearance;
    return ORDER.includes(value) ? value : "system";
  } catch {
    return "system";
  }
}

const appearance = $state({ chosen: kept(), turn: 0 });

/** What the device prefers. */
const deviceIsDark = matchMedia("(prefers-color-scheme: dark)");

/** Puts what holds on the document, where the style sheet looks for it. */
function apply(): void {
  const device = deviceIsDark.matches ? "dark" : "light";
  document.documentElement.dataset.theme = appearance.chosen === "system" ? device : appearance.chosen;
  appearance.turn++;
}

/** What is chosen; reactive. */
export function chosenAppearance(): Appearance {
  return appearance.chosen;
}

/** A number that rises whenever colours change, by choice or by the device; reactive. */
export function appearanceTurn(): number {
  return appearance.turn;
}

/** Chooses the next one. */
export function nextAppearance(): void {
  appearance.chosen = ORDER[(ORDER.indexOf(appearance.chosen) + 1) % ORDER.length];
  try {
    localStorage.setItem(KEY, appearance.chosen);
  } catch {
    // A browser that keeps nothing still shows what was chosen.
  }
  apply();
}

/** Applies the choice and follows the device. */
export function followAppearance(): void {
  apply();
  deviceIsDark.addEventListener("change", apply);
}

/** True when the person asked for less motion. */
export function wantsCalm(): boolean {
  return matchMedia("(prefers-reduced-motion: reduce)").matches;
}
