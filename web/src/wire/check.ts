// Small checks with which every decoder here looks at what came over the wire. Each says where the fault is.

/** What came over the wire is not what the contract says; the message names the place. */
export class WireFault extends Error {}

/** Any JSON object. */
export type Json = Record<string, unknown>;

/** The value as an object, or a fault naming `place`. */
export function object(value: unknown, place: string): Json {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw new WireFault(`${place} is no object`);
  return value as Json;
}

/** The value as an array whose elements `read` decodes one by one. */
export function list<T>(value: unknown, place: string, read: (item: unknown, place: string) => T): T[] {
  if (!Array.isArray(value)) throw new WireFault(`${place} is no list`);
  return value.map((item, index) => read(item, `${place}[${index}]`));
}

/** The value as a string. */
export function text(value: unknown, place: string): string {
  if (typeof value !== "string") throw new WireFault(`${place} is no text`);
  return value;
}

/** The value as a finite number. */
export function number(value: unknown, place: string): number {
  if (typeof value !== "number" || !Number.isFinite(value)) throw new WireFault(`${place} is no number`);
  return value;
}

/** The value as a whole number that is not negative. */
export function whole(value: unknown, place: string): number {
  const read = number(value, place);
  if (!Number.isInteger(read) || read < 0) throw new WireFault(`${place} is no whole number`);
  return read;
}

/** A number that may be left out. */
export function numberOr(value: unknown, otherwise: number): number {
  return typeof value === "number" && Number.isFinite(value) ? value : otherwise;
}

/** A text that may be left out. */
export function textOr(value: unknown, otherwise: string): string {
  return typeof value === "string" ? value : otherwise;
}
