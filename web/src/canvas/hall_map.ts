// The live map of a hall: two canvases in an element, drawn in one frame callback and only when something changed. It
// reads the state it is shown and says what people do with it; it changes nothing itself.
import { seatMiddle } from "../state/seats";
import type { Hall } from "../state/hall";
import type { Plan } from "../wire/plan";
import * as camera from "./camera";
import type { Box, Camera, Screen } from "./camera";
import type { FrameMeter } from "./frame_meter";
import { followGestures } from "./gestures";
import { makeGrid, seatAt, seatsIn, type Grid } from "./grid";
import { Layers } from "./layers";
import { batchesOf, changedLooks, looksOf, type Batches } from "./looks";
import { paintAbove, PULSE_MS, type Pulse } from "./overlay";
import type { Scene } from "./painter";
import { rowLabelsOf, type RowLabel } from "./row_labels";
import { kindsOf, Sheets, type Kinds } from "./sprites";
import { readTheme, type Theme } from "./theme";

/** What the map tells. Seats are indices into the plan. */
export interface MapEvents {
  /** A seat was clicked or tapped; `extend` with a modifier key held. -1 is a click beside all seats. */
  onSeat(seat: number, extend: boolean): void;
  /** The label of a row was clicked. */
  onRow(seats: readonly number[]): void;
  /** A box was drawn around these seats. */
  onBox(seats: readonly number[]): void;
  /** Whether drags draw a box now. */
  picking(shift: boolean): boolean;
}

/** How a map behaves. */
export interface MapOptions {
  /** False on a wall: nothing follows fingers and the hall always fits. */
  readonly interactive: boolean;
  /** CSS pixels left free around a hall that is fitted, and at the lower edge, where the buttons are. */
  readonly padding: number;
  readonly bottom: number;
  /** True when the person asked for less motion. */
  readonly calm: boolean;
  readonly meter: FrameMeter | null;
}

/** What is made once for a plan. */
interface Drawing {
  readonly plan: Plan;
  readonly grid: Grid;
  readonly kinds: Kinds;
  readonly sheets: Sheets;
  readonly rowLabels: readonly RowLabel[];
}

const GLIDE_MS = 220;
const LARGEST_FIT_SEAT = 56;
/** Taps on seats smaller than this come nearer first, in CSS pixels. */
const SMALLEST_TARGET = { touch: 16, mouse: 7 };
const NEAR_SEAT = 34;
/** A seat the keyboard goes to is brought nearer when it is smaller than this. */
const SMALLEST_READ = 14;
/** Rings shown at once; in a storm of changes more would only be noise. */
const PULSES = 60;
/** When more seats than this change at once, all pictures are drawn anew. */
const REDRAW_ALL = 3_000;

const NONE: ReadonlySet<number> = new Set();

/** Makes what is made once for a plan. */
function drawingOf(plan: Plan): Drawing {
  const kinds = kindsOf(plan);
  const rowLabels = rowLabelsOf(plan);
  return { plan, grid: makeGrid(plan, rowLabels), kinds, sheets: new Sheets(plan, kinds), rowLabels };
}

/** The map. Make it in an element, `show` it halls, `destroy` it. */
export class HallMap {
  private readonly base: HTMLCanvasElement;
  private readonly above: HTMLCanvasElement;
  private readonly stops: (() => void)[] = [];
  private drawing: Drawing | null = null;
  private hall: Hall | null = null;
  private looks: Uint8Array = new Uint8Array(0);
  private batches: Batches | null = null;
  private readonly layers = new Layers();
  private eye: Camera = { scale: 1, x: 0, y: 0 };
  private glide: { from: Camera; to: Camera; start: number } | null = null;
  private fitted = true;
  private screen: Screen;
  private covered = 0;
  private density = 1;
  private theme: Theme;
  private hover = -1;
  private dragged: Box | null = null;
  private pulses: Pulse[] = [];
  private frame = 0;
  private baseDirty = true;

  constructor(
    private readonly element: HTMLElement,
    private readonly events: MapEvents,
    private readonly options: MapOptions,
  ) {
    this.base = this.addCanvas();
    this.above = this.addCanvas();
    this.theme = readTheme(element);
    this.screen = { width: 1, height: 1, padding: options.padding, bottom: options.bottom };
    const observer = new ResizeObserver(() => this.resize());
    observer.observe(element);
    this.stops.push(() => observer.disconnect());
    if (options.interactive) this.stops.push(followGestures(element, this.meanings()));
    this.resize();
  }

  /** Shows a hall; the same plan keeps the camera. */
  show(hall: Hall): void {
    const before = this.hall;
    this.hall = hall;
    if (!hall.plan) return;
    const samePlan = this.drawing?.plan === hall.plan;
    if (!samePlan) this.open(hall.plan);
    const sameSeats = samePlan && before && before.statuses === hall.statuses;
    const sameWords = sameSeats && before.pending === hall.pending && before.mine === hall.mine;
    const sameChoice = before?.offered === hall.offered && (!hall.offered || before?.selected === hall.selected);
    if (!sameWords || !sameChoice) this.recolor(hall);
    if (samePlan && before && before.changed !== hall.changed) this.pulse(hall.changed);
    this.request();
  }

  /** Reads the theme again. */
  retheme(): void {
    this.theme = readTheme(this.element);
    this.layers.forget();
    this.requestAll();
  }

  /** Zooms about the middle of the screen. */
  zoomBy(factor: number): void {
    if (!this.drawing) return;
    const target = this.glide?.to ?? this.eye;
    const [x, y] = [this.screen.width / 2, this.screen.height / 2];
    this.glideTo(camera.zoomAt(target, factor, x, y, this.range()));
  }

  /** Moves the picture by CSS pixels. */
  panBy(dx: number, dy: number): void {
    if (this.drawing) this.glideTo(camera.pan(this.glide?.to ?? this.eye, dx, dy, this.drawing.grid.box, this.screen));
  }

  /** Shows the whole hall. */
  fit(): void {
    if (!this.drawing) return;
    this.glideTo(this.fitting());
    this.fitted = true;
  }

  /** Leaves so many more CSS pixels free at the lower edge when the hall is fitted: something lies over them. */
  keepFree(covered: number): void {
    if (covered === this.covered) return;
    this.covered = covered;
    this.screen = { ...this.screen, bottom: this.options.bottom + covered };
    if (this.fitted) this.fit();
  }

  /** Brings a seat into sight, `bottom` CSS pixels above the lower edge; with `near`, large enough to be read. */
  reveal(seat: number, bottom: number, near: boolean): void {
    if (!this.drawing || seat < 0) return;
    const [x, y] = seatMiddle(this.drawing.plan, seat);
    let target = this.glide?.to ?? this.eye;
    if (near && target.scale * this.drawing.grid.seatSize < SMALLEST_READ) {
      const [px, py] = [x * target.scale + target.x, y * target.scale + target.y];
      const factor = NEAR_SEAT / this.drawing.grid.seatSize / target.scale;
      target = camera.zoomAt(target, factor, px, py, this.range());
    }
    const screen = { ...this.screen, height: this.screen.height - bottom };
    const margin = Math.min(near ? 70 : 24, screen.width / 4, screen.height / 4);
    const revealed = camera.reveal(target, x, y, screen, margin);
    if (revealed.x !== this.eye.x || revealed.y !== this.eye.y) this.glideTo(revealed);
  }

  /** Where a seat is, in CSS pixels from the element's top left corner; for tests and for pointing at it. */
  place(seat: number): readonly [number, number] {
    if (!this.drawing) return [0, 0];
    const [x, y] = seatMiddle(this.drawing.plan, seat);
    return [x * this.eye.scale + this.eye.x, y * this.eye.scale + this.eye.y];
  }

  /** The side of a usual seat now, in CSS pixels. */
  seatSize(): number {
    return this.drawing ? this.drawing.grid.seatSize * this.eye.scale : 0;
  }

  /** Lets go of everything. */
  destroy(): void {
    cancelAnimationFrame(this.frame);
    for (const stop of this.stops) stop();
    this.base.remove();
    this.above.remove();
  }

  private addCanvas(): HTMLCanvasElement {
    const canvas = document.createElement("canvas");
    canvas.setAttribute("aria-hidden", "true");
    this.element.append(canvas);
    return canvas;
  }

  private open(plan: Plan): void {
    this.drawing = drawingOf(plan);
    this.layers.forget();
    this.looks = new Uint8Array(0);
    this.pulses = [];
    this.hover = -1;
    this.glide = null;
    this.eye = this.fitting();
    this.fitted = true;
  }

  private recolor(hall: Hall): void {
    const before = this.looks;
    this.looks = looksOf(hall);
    this.batches = null;
    const changed = changedLooks(before, this.looks);
    if (changed.length > REDRAW_ALL) this.layers.forget();
    else this.layers.change(this.scene(), changed);
    this.baseDirty = true;
  }

  private pulse(seats: readonly number[]): void {
    if (this.options.calm) return;
    const at = performance.now();
    const young = this.pulses.filter((old) => at - old.at < PULSE_MS);
    const fresh = seats.slice(0, PULSES).map((seat) => ({ seat, at }));
    this.pulses = [...young, ...fresh].slice(-PULSES);
  }

  private fitting(): Camera {
    const { box, seatSize } = this.drawing!.grid;
    return camera.fit(box, this.screen, LARGEST_FIT_SEAT / seatSize);
  }

  private range(): readonly [number, number] {
    return camera.scaleRange(this.drawing!.grid.box, this.screen, this.drawing!.grid.seatSize);
  }

  private resize(): void {
    const { clientWidth, clientHeight } = this.element;
    this.density = Math.min(window.devicePixelRatio || 1, 2.5);
    const padding = this.options.padding;
    const bottom = this.options.bottom + this.covered;
    this.screen = { width: Math.max(clientWidth, 1), height: Math.max(clientHeight, 1), padding, bottom };
    for (const canvas of [this.base, this.above]) {
      canvas.width = Math.round(this.screen.width * this.density);
      canvas.height = Math.round(this.screen.height * this.density);
    }
    if (this.drawing) {
      this.glide = null;
      this.eye = this.fitted ? this.fitting() : camera.keepInSight(this.eye, this.drawing.grid.box, this.screen);
    }
    this.layers.forget();
    this.baseDirty = true;
    this.draw(performance.now());
  }

  private glideTo(to: Camera): void {
    this.fitted = false;
    if (this.options.calm) {
      this.eye = to;
      return this.requestAll();
    }
    this.glide = { from: this.eye, to, start: performance.now() };
    this.request();
  }

  private move(to: Camera): void {
    this.glide = null;
    this.fitted = false;
    this.eye = to;
    this.requestAll();
  }

  private meanings() {
    return {
      pan: (dx: number, dy: number) => {
        if (this.drawing) this.move(camera.pan(this.eye, dx, dy, this.drawing.grid.box, this.screen));
      },
      zoom: (factor: number, x: number, y: number) => {
        if (!this.drawing) return;
        const zoomed = camera.zoomAt(this.eye, factor, x, y, this.range());
        this.move(camera.keepInSight(zoomed, this.drawing.grid.box, this.screen));
      },
      tap: (x: number, y: number, touch: boolean, extend: boolean) => this.tap(x, y, touch, extend),
      hover: (x: number, y: number) => this.setHover(this.find(x, y, 1)),
      leave: () => this.setHover(-1),
      boxing: (shift: boolean) => this.events.picking(shift),
      box: (box: Box, done: boolean) => this.box(box, done),
    };
  }

  private find(x: number, y: number, slack: number): number {
    if (!this.drawing) return -1;
    const [planX, planY] = camera.toPlan(this.eye, x, y);
    return seatAt(this.drawing.plan, this.drawing.grid, planX, planY, slack / this.eye.scale);
  }

  private tap(x: number, y: number, touch: boolean, extend: boolean): void {
    if (!this.drawing) return;
    const size = this.seatSize();
    const smallest = touch ? SMALLEST_TARGET.touch : SMALLEST_TARGET.mouse;
    if (size < smallest && !this.events.picking(false)) {
      const near = NEAR_SEAT / size;
      return this.glideTo(camera.zoomAt(this.eye, near, x, y, this.range()));
    }
    const seat = this.find(x, y, touch ? 8 : 2);
    const row = seat < 0 ? this.rowAt(x, y) : null;
    if (row) this.events.onRow(row.seats);
    else this.events.onSeat(seat, extend);
  }

  private rowAt(x: number, y: number): RowLabel | null {
    const [planX, planY] = camera.toPlan(this.eye, x, y);
    const reach = Math.max(this.drawing!.grid.seatSize * 0.6, 12 / this.eye.scale);
    return this.drawing!.rowLabels.find((label) => Math.hypot(label.x - planX, label.y - planY) < reach) ?? null;
  }

  private setHover(seat: number): void {
    if (seat === this.hover) return;
    this.hover = seat;
    this.element.classList.toggle("over-seat", seat >= 0);
    this.request();
  }

  private box(box: Box, done: boolean): void {
    this.dragged = done ? null : box;
    this.request();
    if (!done || !this.drawing || box.right - box.left < 3) return;
    const [left, top] = camera.toPlan(this.eye, box.left, box.top);
    const [right, bottom] = camera.toPlan(this.eye, box.right, box.bottom);
    this.events.onBox(seatsIn(this.drawing.plan, this.drawing.grid, { left, top, right, bottom }));
  }

  private requestAll(): void {
    this.baseDirty = true;
    this.request();
  }

  private request(): void {
    if (!this.frame) this.frame = requestAnimationFrame((now) => this.draw(now));
  }

  /** The one frame callback. */
  private draw(now: number): void {
    cancelAnimationFrame(this.frame);
    this.frame = 0;
    if (!this.drawing || !this.hall) return;
    const start = performance.now();
    this.stepGlide(start);
    if (this.baseDirty) this.drawBase();
    this.drawAbove(start);
    this.options.meter?.note(now, now + performance.now() - start);
    if (this.glide || this.baseDirty || this.pulses.length > 0) this.request();
  }

  private stepGlide(now: number): void {
    if (!this.glide) return;
    const part = Math.min((now - this.glide.start) / GLIDE_MS, 1);
    this.eye = camera.between(this.glide.from, this.glide.to, 1 - (1 - part) ** 3);
    this.baseDirty = true;
    if (part >= 1) this.glide = null;
  }

  private scene(): Scene {
    const { looks, screen, density, theme } = this;
    this.batches ??= batchesOf(this.drawing!.plan, looks);
    return { ...this.drawing!, looks, batches: this.batches, camera: this.eye, screen, density, theme };
  }

  private drawBase(): void {
    this.baseDirty = this.layers.draw(this.base.getContext("2d")!, this.scene(), this.fitting());
  }

  private drawAbove(now: number): void {
    const { plan, grid } = this.drawing!;
    const { cursor, open, pending, offered } = this.hall!;
    // Seats one chooses to book are drawn as one's own, not as picked to be changed.
    const selected = offered ? NONE : this.hall!.selected;
    this.pulses = this.pulses.filter((pulse) => now - pulse.at < PULSE_MS);
    const { screen, density, theme, hover, pulses, dragged } = this;
    const state = { plan, grid, camera: this.eye, screen, density, theme, hover, cursor, open, selected };
    paintAbove(this.above.getContext("2d")!, { ...state, waiting: pending.keys(), pulses, dragged, now });
  }
}
