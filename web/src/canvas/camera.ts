// Where the eye is: a scale and an offset between plan pixels and screen pixels. Pure.

/** Screen = plan * scale + offset, in CSS pixels. */
export interface Camera {
  readonly scale: number;
  readonly x: number;
  readonly y: number;
}

/** A rectangle of the plan. */
export interface Box {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

/** A size on the screen in CSS pixels, and what a fitted hall leaves free: all around, and at the lower edge. */
export interface Screen {
  readonly width: number;
  readonly height: number;
  readonly padding: number;
  readonly bottom: number;
}

/** A seat never grows past this many CSS pixels. */
const LARGEST_SEAT = 72;

/** The camera that shows the whole box in the middle of the screen. */
export function fit(box: Box, screen: Screen, largest: number): Camera {
  const width = Math.max(box.right - box.left, 1);
  const height = Math.max(box.bottom - box.top, 1);
  const room = { width: screen.width - 2 * screen.padding, height: screen.height - screen.padding - screen.bottom };
  const scale = Math.min(Math.max(Math.min(room.width / width, room.height / height), 0.001), largest);
  return {
    scale,
    x: screen.width / 2 - ((box.left + box.right) / 2) * scale,
    y: (screen.height + screen.padding - screen.bottom) / 2 - ((box.top + box.bottom) / 2) * scale,
  };
}

/** The scales between which one can zoom: a little past the whole hall, and a seat as large as a thumb. */
export function scaleRange(box: Box, screen: Screen, seatSize: number): readonly [number, number] {
  const largest = LARGEST_SEAT / seatSize;
  return [Math.min(fit(box, screen, largest).scale * 0.8, largest), largest];
}

/** Zooms by a factor and keeps the point under (x, y) where it is. */
export function zoomAt(camera: Camera, factor: number, x: number, y: number, range: readonly [number, number]): Camera {
  const scale = Math.min(Math.max(camera.scale * factor, range[0]), range[1]);
  const ratio = scale / camera.scale;
  return { scale, x: x - (x - camera.x) * ratio, y: y - (y - camera.y) * ratio };
}

/** Moves the picture; a part of the hall always stays on the screen. */
export function pan(camera: Camera, dx: number, dy: number, box: Box, screen: Screen): Camera {
  return keepInSight({ ...camera, x: camera.x + dx, y: camera.y + dy }, box, screen);
}

/** Brings a camera back when the hall has left the screen. */
export function keepInSight(camera: Camera, box: Box, screen: Screen): Camera {
  const keepX = Math.min(screen.width, (box.right - box.left) * camera.scale) * 0.4;
  const keepY = Math.min(screen.height, (box.bottom - box.top) * camera.scale) * 0.4;
  return {
    scale: camera.scale,
    x: clamp(camera.x, keepX - box.right * camera.scale, screen.width - keepX - box.left * camera.scale),
    y: clamp(camera.y, keepY - box.bottom * camera.scale, screen.height - keepY - box.top * camera.scale),
  };
}

/** Moves just so far that the point is at least `margin` inside the screen. */
export function reveal(camera: Camera, x: number, y: number, screen: Screen, margin: number): Camera {
  const left = x * camera.scale + camera.x;
  const top = y * camera.scale + camera.y;
  const dx = clamp(left, margin, Math.max(screen.width - margin, margin)) - left;
  const dy = clamp(top, margin, Math.max(screen.height - margin, margin)) - top;
  return { ...camera, x: camera.x + dx, y: camera.y + dy };
}

/** The part of the plan that is on the screen. */
export function visible(camera: Camera, screen: Screen): Box {
  return {
    left: -camera.x / camera.scale,
    top: -camera.y / camera.scale,
    right: (screen.width - camera.x) / camera.scale,
    bottom: (screen.height - camera.y) / camera.scale,
  };
}

/** A point of the screen as a point of the plan. */
export function toPlan(camera: Camera, x: number, y: number): readonly [number, number] {
  return [(x - camera.x) / camera.scale, (y - camera.y) / camera.scale];
}

/** The camera a part of the way from one to another; the scale moves by its logarithm, as the eye sees it. */
export function between(from: Camera, to: Camera, part: number): Camera {
  const scale = from.scale * (to.scale / from.scale) ** part;
  const along = from.scale === to.scale ? part : (scale - from.scale) / (to.scale - from.scale);
  return { scale, x: from.x + (to.x - from.x) * along, y: from.y + (to.y - from.y) * along };
}

function clamp(value: number, least: number, most: number): number {
  return Math.min(Math.max(value, least), Math.max(least, most));
}
