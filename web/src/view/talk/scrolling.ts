// Where a conversation stands while it grows at both ends: at its end it stays there, elsewhere what one reads stays put.

/** How near the end counts as at the end, in pixels. */
const NEAR = 48;

/** Where the scroller stood before its lines changed. */
export interface Stand {
  readonly top: number;
  readonly height: number;
  readonly atEnd: boolean;
}

/** Where it stands. */
export function standOf(scroller: HTMLElement): Stand {
  const { scrollTop, scrollHeight, clientHeight } = scroller;
  return { top: scrollTop, height: scrollHeight, atEnd: scrollHeight - scrollTop - clientHeight < NEAR };
}

/** Goes to the end. */
export function toEnd(scroller: HTMLElement): void {
  scroller.scrollTop = scroller.scrollHeight;
}

/** Keeps what was seen in its place after lines were added above. */
export function keepBelow(scroller: HTMLElement, before: Stand): void {
  scroller.scrollTop = before.top + scroller.scrollHeight - before.height;
}
