// The plan of a hall: its geometry in columns, one entry a seat. It never changes; another geometry has another hash.
import { list, number, numberOr, object, text, textOr, whole, WireFault, type Json } from "./check";

/** A kind of seat: Standard, VIP and so on, with the hue that stands for it. */
export interface SeatType {
  readonly id: number;
  readonly name: string;
  readonly color: string;
}

/**
 * Something drawn on the plan that is not a seat: a stage, a wall, a text. Lengths in plan pixels, degrees clockwise
 * about (x, y): a rectangle's top left corner, a circle's or an ellipse's middle, the origin of a polygon's points.
 */
export interface Area {
  readonly shape: "rectangle" | "circle" | "ellipse" | "polygon" | "text";
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly radius: number;
  readonly rotation: number;
  readonly points: readonly (readonly [number, number])[];
  readonly color: string;
  readonly borderColor: string;
  readonly text: string;
  readonly textColor: string;
  readonly textSize: number;
  readonly textX: number;
  readonly textY: number;
}

/** A hall's geometry. Every column has `count` entries, in the order of seat ids. */
export interface Plan {
  readonly id: number;
  readonly cinemaId: number;
  readonly name: string;
  readonly hash: string;
  readonly count: number;
  readonly types: readonly SeatType[];
  readonly zones: readonly string[];
  readonly rowLabels: ReadonlyMap<number, string>;
  readonly placeLabels: ReadonlyMap<number, string>;
  readonly seatId: Int32Array;
  readonly row: Int32Array;
  readonly place: Int32Array;
  readonly x: Float32Array;
  readonly y: Float32Array;
  readonly width: Float32Array;
  readonly height: Float32Array;
  readonly rotation: Float32Array;
  readonly type: Uint8Array;
  /** Index into `zones`; -1 in none. */
  readonly zone: Int16Array;
  readonly areas: readonly Area[];
}

const SHAPES: readonly string[] = ["rectangle", "circle", "ellipse", "polygon", "text"];

/** A column of `count` numbers. */
function column(seats: Json, key: string, count: number): number[] {
  const values = list(seats[key], `seats.${key}`, number);
  if (values.length !== count) throw new WireFault(`seats.${key} has ${values.length} entries, not ${count}`);
  return values;
}

/** A column whose entries are indices into a list of `size`, from `least` on. */
function indices(seats: Json, key: string, count: number, size: number, least: number): number[] {
  const values = column(seats, key, count);
  const wrong = values.findIndex((value) => !Number.isInteger(value) || value < least || value >= Math.max(size, 1));
  if (wrong >= 0) throw new WireFault(`seats.${key}[${wrong}] points nowhere`);
  return values;
}

/** Labels keyed by a number: of rows by row, of places by the seat's index. */
function labels(value: unknown, place: string): Map<number, string> {
  const entries = Object.entries(object(value ?? {}, place));
  return new Map(entries.map(([key, label]) => [Number(key), text(label, `${place}.${key}`)]));
}

/** A point of a polygon. */
function point(value: unknown, place: string): readonly [number, number] {
  const pair = list(value, place, number);
  if (pair.length !== 2) throw new WireFault(`${place} is no point`);
  return [pair[0], pair[1]];
}

/** Decodes one area; what its shape does not use is left out on the wire. */
function area(value: unknown, place: string): Area {
  const read = object(value, place);
  const shape = text(read.shape, `${place}.shape`);
  if (!SHAPES.includes(shape)) throw new WireFault(`${place}.shape is unknown`);
  return {
    shape: shape as Area["shape"],
    x: numberOr(read.x, 0),
    y: numberOr(read.y, 0),
    width: numberOr(read.width, 0),
    height: numberOr(read.height, 0),
    radius: numberOr(read.radius, 0),
    rotation: numberOr(read.rotation, 0),
    points: list(read.points ?? [], `${place}.points`, point),
    color: textOr(read.color, ""),
    borderColor: textOr(read.border_color, ""),
    text: textOr(read.text, ""),
    textColor: textOr(read.text_color, ""),
    textSize: numberOr(read.text_size, 16),
    textX: numberOr(read.text_x, 0),
    textY: numberOr(read.text_y, 0),
  };
}

/** Decodes a kind of seat. */
function seatType(value: unknown, place: string): SeatType {
  const read = object(value, place);
  return {
    id: whole(read.id, `${place}.id`),
    name: text(read.name, `${place}.name`),
    color: textOr(read.color, "#7c93b8"),
  };
}

/** The columns of the seats. */
function columns(seats: Json, count: number, types: number, zones: number) {
  return {
    seatId: Int32Array.from(column(seats, "id", count)),
    row: Int32Array.from(column(seats, "row", count)),
    place: Int32Array.from(column(seats, "place", count)),
    x: Float32Array.from(column(seats, "x", count)),
    y: Float32Array.from(column(seats, "y", count)),
    width: Float32Array.from(column(seats, "width", count)),
    height: Float32Array.from(column(seats, "height", count)),
    rotation: Float32Array.from(column(seats, "rotation", count)),
    type: Uint8Array.from(indices(seats, "type", count, types, 0)),
    zone: Int16Array.from(indices(seats, "zone", count, zones, -1)),
    placeLabels: labels(seats.label, "seats.label"),
  };
}

/** Decodes what `GET /plan/{id}/{hash}` answers. */
export function readPlan(value: unknown): Plan {
  const read = object(value, "plan");
  const seats = object(read.seats, "seats");
  const count = list(seats.id, "seats.id", whole).length;
  const types = list(read.seat_types, "seat_types", seatType);
  const zones = list(read.zones ?? [], "zones", text);
  return {
    id: whole(read.id, "plan.id"),
    cinemaId: whole(read.cinema_id, "plan.cinema_id"),
    name: text(read.name, "plan.name"),
    hash: text(read.plan, "plan.plan"),
    count,
    types,
    zones,
    rowLabels: labels(read.row_labels, "row_labels"),
    areas: list(read.areas ?? [], "areas", area),
    ...columns(seats, count, types.length, zones.length),
  };
}
