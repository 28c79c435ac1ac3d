// Keeps pictures of large halls, so that moving one costs a copy and not twenty thousand seats. What a frame has time for
// is drawn as it is in every frame. More is drawn into a picture wider than the screen, a part of it a frame; until it is
// ready the one before is shown moved and stretched, and a small picture of the whole hall fills what that leaves open.
import type { Camera, Screen } from "./camera";
import { visible } from "./camera";
import { beginPicture, drawSeats, endPicture, redrawSeats, seatCost, seatsInSight, type Scene } from "./painter";

type Pen = CanvasRenderingContext2D;

/** A picture of a part of the hall, finished or under way. */
interface Picture {
  readonly pen: Pen;
  readonly camera: Camera;
  readonly screen: Screen;
  readonly seats: Int32Array;
  drawn: number;
}

/** Microseconds of seats that are drawn in one frame while the hall moves, and while nothing would be seen to stutter. */
const MOVING_COST = 4_000;
const RESTING_COST = 12_000;
/** A picture may be stretched this much while zooming, and zooming has ended after so long. */
const STRETCH = 1.7;
const REST_MS = 90;
/** How much wider than the screen a picture is on each side, as a part of the screen. */
const MARGIN = 0.25;
/** Device pixels a picture has at most. */
const LARGEST = 14_000_000;

/** The pictures of one map. */
export class Layers {
  private whole: Picture | null = null;
  private front: Picture | null = null;
  private next: Picture | null = null;
  private spare: Pen[] = [];
  private eye: Camera = { scale: 0, x: 0, y: 0 };
  private zoomedAt = 0;

  /** Forgets all pictures: the plan, the colours or the size are others. */
  forget(): void {
    this.whole = this.front = this.next = null;
    this.spare = [];
  }

  /** Draws the scene. True when it has to be drawn again to become as sharp as it can. */
  draw(pen: Pen, scene: Scene, fitting: Camera): boolean {
    if (scene.camera.scale !== this.eye.scale) this.zoomedAt = performance.now();
    const budget = this.eye === scene.camera ? RESTING_COST : MOVING_COST;
    this.eye = scene.camera;
    const seats = seatsInSight(scene);
    if (seats.length * seatCost(scene) <= MOVING_COST) {
      beginPicture(pen, scene);
      drawSeats(pen, scene, seats, 0, seats.length);
      endPicture(pen, scene, seats);
      return false;
    }
    this.whole ??= this.finished({ ...scene, camera: fitting });
    this.advance(scene, budget);
    this.compose(pen, scene);
    return this.next !== null || !this.serves(scene);
  }

  /** Draws seats that look otherwise now into every picture there is. */
  change(scene: Scene, seats: readonly number[]): void {
    for (const picture of [this.whole, this.front, this.next]) {
      if (picture) redrawSeats(picture.pen, { ...scene, camera: picture.camera, screen: picture.screen }, seats);
    }
  }

  /** Copies the pictures to the screen. */
  private compose(pen: Pen, scene: Scene): void {
    pen.setTransform(1, 0, 0, 1, 0, 0);
    pen.clearRect(0, 0, pen.canvas.width, pen.canvas.height);
    if (!this.front || !covers(this.front, scene, 0)) copy(pen, this.whole!, scene);
    if (this.front) copy(pen, this.front, scene);
  }

  /** Goes on with the picture under way; begins one when the front picture does not serve any more. */
  private advance(scene: Scene, budget: number): void {
    if (!this.next && !this.serves(scene) && !this.canWait(scene)) this.next = this.begun(scene);
    if (!this.next || !goOn(this.next, scene, budget)) return;
    if (this.front) this.spare.push(this.front.pen);
    this.front = this.next;
    this.next = null;
  }

  /** True while someone is zooming and the front picture, stretched, will do: sharpness comes when the hand rests. */
  private canWait(scene: Scene): boolean {
    if (!this.front || performance.now() - this.zoomedAt > REST_MS) return false;
    const stretch = scene.camera.scale / this.front.camera.scale;
    return stretch > 1 / STRETCH && stretch < STRETCH;
  }

  /** True when the front picture is as sharp as can be and reaches far enough. */
  private serves(scene: Scene): boolean {
    return this.front !== null && this.front.camera.scale === scene.camera.scale && covers(this.front, scene, MARGIN / 3);
  }

  /** A picture around what is on the screen, not yet drawn. */
  private begun(scene: Scene): Picture {
    const { camera, density, screen } = scene;
    const pixels = screen.width * screen.height * density * density;
    const margin = Math.max(Math.min(MARGIN, (Math.sqrt(LARGEST / pixels) - 1) / 2), 0.02);
    const [marginX, marginY] = [Math.ceil(screen.width * margin), Math.ceil(screen.height * margin)];
    const wider = { ...screen, width: screen.width + 2 * marginX, height: screen.height + 2 * marginY };
    const moved = { scale: camera.scale, x: camera.x + marginX, y: camera.y + marginY };
    const pen = this.spare.pop() ?? document.createElement("canvas").getContext("2d")!;
    return prepare(pen, { ...scene, camera: moved, screen: wider });
  }

  /** A picture drawn at once. */
  private finished(scene: Scene): Picture {
    const picture = prepare(document.createElement("canvas").getContext("2d")!, scene);
    drawSeats(picture.pen, scene, picture.seats, 0, picture.seats.length);
    picture.drawn = picture.seats.length;
    return picture;
  }
}

/** Makes a picture ready to be drawn into. */
function prepare(pen: Pen, scene: Scene): Picture {
  const width = Math.round(scene.screen.width * scene.density);
  const height = Math.round(scene.screen.height * scene.density);
  if (pen.canvas.width !== width) pen.canvas.width = width;
  if (pen.canvas.height !== height) pen.canvas.height = height;
  beginPicture(pen, scene);
  return { pen, camera: scene.camera, screen: scene.screen, seats: seatsInSight(scene).slice(), drawn: 0 };
}

/** Draws more of a picture, seats of about `budget` microseconds. True when it is ready. */
function goOn(picture: Picture, scene: Scene, budget: number): boolean {
  const own = { ...scene, camera: picture.camera, screen: picture.screen };
  const to = Math.min(picture.drawn + Math.ceil(budget / seatCost(own)), picture.seats.length);
  drawSeats(picture.pen, own, picture.seats, picture.drawn, to);
  picture.drawn = to;
  if (picture.drawn < picture.seats.length) return false;
  endPicture(picture.pen, own, picture.seats);
  return true;
}

/** Whether a picture shows all of the hall that is on the screen and `more` of the screen around it. */
function covers(picture: Picture, scene: Scene, more: number): boolean {
  const has = visible(picture.camera, picture.screen);
  const wants = visible(scene.camera, scene.screen);
  const { box } = scene.grid;
  const [moreX, moreY] = [(wants.right - wants.left) * more, (wants.bottom - wants.top) * more];
  return (
    has.left <= Math.max(wants.left - moreX, box.left) &&
    has.right >= Math.min(wants.right + moreX, box.right) &&
    has.top <= Math.max(wants.top - moreY, box.top) &&
    has.bottom >= Math.min(wants.bottom + moreY, box.bottom)
  );
}

/** Copies a picture to where it belongs on the screen, to whole device pixels when it is not stretched. */
function copy(pen: Pen, picture: Picture, scene: Scene): void {
  const stretch = scene.camera.scale / picture.camera.scale;
  const x = (scene.camera.x - picture.camera.x * stretch) * scene.density;
  const y = (scene.camera.y - picture.camera.y * stretch) * scene.density;
  const { width, height } = picture.pen.canvas;
  const [left, top] = stretch === 1 ? [Math.round(x), Math.round(y)] : [x, y];
  pen.clearRect(left, top, width * stretch, height * stretch);
  pen.drawImage(picture.pen.canvas, left, top, width * stretch, height * stretch);
}
