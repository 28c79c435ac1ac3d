// Fingers, mouse and wheel turned into what they mean: pan, zoom, tap, box. It knows nothing of seats.
import type { Box } from "./camera";

/** What gestures mean. Points are CSS pixels from the element's top left corner. */
export interface Meanings {
  pan(dx: number, dy: number): void;
  zoom(factor: number, x: number, y: number): void;
  tap(x: number, y: number, touch: boolean, extend: boolean): void;
  hover(x: number, y: number): void;
  leave(): void;
  /** Whether a drag that begins now draws a box and does not pan. */
  boxing(shift: boolean): boolean;
  box(box: Box, done: boolean): void;
}

interface Finger {
  x: number;
  y: number;
}

/** A press that moves less than this is a tap. */
const TAP_REACH = 7;
const WHEEL_STEP = 0.0016;

/** A box from two of its corners. */
function boxBetween(a: Finger, b: Finger): Box {
  return {
    left: Math.min(a.x, b.x),
    top: Math.min(a.y, b.y),
    right: Math.max(a.x, b.x),
    bottom: Math.max(a.y, b.y),
  };
}

/** Follows the pointers on one element. */
class Follower {
  private readonly fingers = new Map<number, Finger>();
  private start: Finger = { x: 0, y: 0 };
  private moved = false;
  private boxed = false;

  constructor(
    private readonly element: HTMLElement,
    private readonly meanings: Meanings,
  ) {}

  private at(event: MouseEvent): Finger {
    const rect = this.element.getBoundingClientRect();
    return { x: event.clientX - rect.left, y: event.clientY - rect.top };
  }

  down(event: PointerEvent): void {
    if (event.button !== 0 && event.button !== 1) return;
    this.element.setPointerCapture(event.pointerId);
    const finger = this.at(event);
    this.fingers.set(event.pointerId, finger);
    if (this.fingers.size > 1) {
      this.moved = true;
      return this.endBox(finger, false);
    }
    this.start = { ...finger };
    this.moved = false;
    this.boxed = event.button === 0 && this.meanings.boxing(event.shiftKey);
  }

  move(event: PointerEvent): void {
    const to = this.at(event);
    const finger = this.fingers.get(event.pointerId);
    if (!finger) return event.pointerType === "mouse" ? this.meanings.hover(to.x, to.y) : undefined;
    if (Math.hypot(to.x - this.start.x, to.y - this.start.y) > TAP_REACH) this.moved = true;
    if (this.fingers.size === 2) this.pinch(event.pointerId, to);
    else if (this.moved && this.boxed) this.meanings.box(boxBetween(this.start, to), false);
    else if (this.moved) this.meanings.pan(to.x - finger.x, to.y - finger.y);
    if (this.moved || this.fingers.size > 1) this.fingers.set(event.pointerId, to);
  }

  up(event: PointerEvent): void {
    if (!this.fingers.delete(event.pointerId)) return;
    const to = this.at(event);
    if (this.boxed && this.moved) return this.endBox(to, event.type === "pointerup");
    if (!this.moved && event.type === "pointerup") {
      this.meanings.tap(to.x, to.y, event.pointerType === "touch", event.shiftKey || event.ctrlKey || event.metaKey);
    }
  }

  private endBox(to: Finger, kept: boolean): void {
    if (!this.boxed) return;
    this.boxed = false;
    this.meanings.box(kept ? boxBetween(this.start, to) : { left: 0, top: 0, right: 0, bottom: 0 }, true);
  }

  private pinch(moving: number, to: Finger): void {
    const from = this.fingers.get(moving)!;
    const [, other] = [...this.fingers.entries()].find(([id]) => id !== moving)!;
    const before = Math.hypot(from.x - other.x, from.y - other.y);
    const after = Math.hypot(to.x - other.x, to.y - other.y);
    this.meanings.pan((to.x - from.x) / 2, (to.y - from.y) / 2);
    if (before > 0) this.meanings.zoom(after / before, (to.x + other.x) / 2, (to.y + other.y) / 2);
  }

  wheel(event: WheelEvent): void {
    event.preventDefault();
    const unit = event.deltaMode === 1 ? 16 : event.deltaMode === 2 ? 400 : 1;
    const turn = Math.max(-300, Math.min(300, event.deltaY * unit)) * (event.ctrlKey ? 5 : 1);
    const { x, y } = this.at(event);
    this.meanings.zoom(Math.exp(-turn * WHEEL_STEP), x, y);
  }
}

/** Follows all gestures on an element until the result is called. */
export function followGestures(element: HTMLElement, meanings: Meanings): () => void {
  const follower = new Follower(element, meanings);
  const stop = new AbortController();
  const options = { signal: stop.signal };
  element.addEventListener("pointerdown", (event) => follower.down(event), options);
  element.addEventListener("pointermove", (event) => follower.move(event), options);
  element.addEventListener("pointerup", (event) => follower.up(event), options);
  element.addEventListener("pointercancel", (event) => follower.up(event), options);
  element.addEventListener("pointerleave", () => meanings.leave(), options);
  element.addEventListener("wheel", (event) => follower.wheel(event), { ...options, passive: false });
  return () => stop.abort();
}
