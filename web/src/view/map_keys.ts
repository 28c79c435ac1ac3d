// The keys of the seat map, in one table.
import type { HallMap } from "../canvas/hall_map";
import type { Actions } from "../actions/table";
import type { Hall } from "../state/hall";
import { rowMates } from "../state/seats";
import type { Status } from "../wire/shapes";

/** What a key works with. */
export interface KeyHelp {
  readonly map: HallMap;
  readonly actions: Actions;
  readonly hall: Hall;
  /** True while staff are picking seats. */
  readonly staff: boolean;
  /** Opens the seat under the cursor and goes to its panel. */
  open(seat: number): void;
}

type Key = (help: KeyHelp) => void;

const ZOOM = 1.5;
const PAN = 90;

/** Sets the status of what is picked, or of the seat under the cursor. */
const set =
  (status: Status): Key =>
  ({ hall, actions, staff }) => {
    const seats = hall.selected.size > 0 ? [...hall.selected] : hall.cursor >= 0 ? [hall.cursor] : [];
    if (staff && seats.length > 0) void actions.sweep({ seats, status });
  };

const openOrPick: Key = ({ hall, actions, staff, open }) => {
  if (hall.cursor < 0) return;
  if (staff) actions.togglePick(hall.cursor);
  else open(hall.cursor);
};

/** What each key does. `shift+` goes before a key with Shift held. */
const KEYS: Readonly<Record<string, Key>> = {
  ArrowLeft: ({ actions }) => actions.step("left"),
  ArrowRight: ({ actions }) => actions.step("right"),
  ArrowUp: ({ actions }) => actions.step("up"),
  ArrowDown: ({ actions }) => actions.step("down"),
  "shift+ArrowLeft": ({ map }) => map.panBy(PAN, 0),
  "shift+ArrowRight": ({ map }) => map.panBy(-PAN, 0),
  "shift+ArrowUp": ({ map }) => map.panBy(0, PAN),
  "shift+ArrowDown": ({ map }) => map.panBy(0, -PAN),
  Home: ({ actions }) => actions.stepToEnd("first"),
  End: ({ actions }) => actions.stepToEnd("last"),
  "+": ({ map }) => map.zoomBy(ZOOM),
  "=": ({ map }) => map.zoomBy(ZOOM),
  "-": ({ map }) => map.zoomBy(1 / ZOOM),
  "0": ({ map }) => map.fit(),
  Enter: openOrPick,
  " ": openOrPick,
  Escape: ({ actions }) => (actions.pickNone(), actions.openSeat(-1)),
  w: ({ hall, actions, staff }) => {
    if (staff && hall.plan && hall.cursor >= 0) actions.pickRow(rowMates(hall.plan, hall.cursor));
  },
  v: set(0),
  r: set(1),
  o: set(2),
  m: set(3),
};

/** Keys after which the seat under the cursor has to be in sight. */
const MOVING = ["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown", "Home", "End"];

/** Does what a key means. True when it meant something, `moved` when the cursor may have moved. */
export function pressKey(event: KeyboardEvent, help: KeyHelp): { known: boolean; moved: boolean } {
  if (event.ctrlKey || event.metaKey || event.altKey) return { known: false, moved: false };
  const plain = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  const key = KEYS[event.shiftKey && plain.startsWith("Arrow") ? `shift+${plain}` : plain];
  key?.(help);
  return { known: key !== undefined, moved: !event.shiftKey && MOVING.includes(plain) };
}
