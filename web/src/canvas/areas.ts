// Draws what is on a plan beside its seats: the stage, walls, words.
import type { Area, Plan } from "../wire/plan";
import { adapt, legible, readable, type Theme } from "./theme";

type Pen = CanvasRenderingContext2D;

/** Words smaller than this many CSS pixels are left out. */
const SMALLEST_TEXT = 6;

/** The outline of an area around its own origin. */
function outline(pen: Pen, area: Area): void {
  pen.beginPath();
  if (area.shape === "rectangle") pen.rect(0, 0, area.width, area.height);
  if (area.shape === "circle") pen.arc(0, 0, area.radius, 0, Math.PI * 2);
  if (area.shape === "ellipse") pen.ellipse(0, 0, area.width / 2, area.height / 2, 0, 0, Math.PI * 2);
  if (area.shape === "polygon") {
    for (const [x, y] of area.points) pen.lineTo(x, y);
    pen.closePath();
  }
}

/** Fills and outlines an area. */
function drawShape(pen: Pen, area: Area, scale: number, theme: Theme): void {
  outline(pen, area);
  if (area.color) {
    pen.fillStyle = adapt(area.color, theme);
    pen.fill();
  }
  if (area.borderColor) {
    pen.strokeStyle = adapt(area.borderColor, theme);
    pen.lineWidth = Math.max(1.5 / scale, 1);
    pen.stroke();
  }
}

/** Writes an area's words. */
function drawText(pen: Pen, area: Area, scale: number, theme: Theme): void {
  if (!area.text || area.textSize * scale < SMALLEST_TEXT) return;
  const wanted = area.textColor || "#808080";
  pen.fillStyle = area.color ? readable(wanted, adapt(area.color, theme)) : legible(wanted, theme);
  pen.font = `600 ${area.textSize}px ${getFont()}`;
  pen.textAlign = "center";
  pen.textBaseline = "middle";
  pen.fillText(area.text, area.textX, area.textY);
}

/** The fonts of the page, for the canvas. */
export function getFont(): string {
  return 'system-ui, -apple-system, "Segoe UI", Roboto, "Liberation Sans", sans-serif';
}

/** Draws all areas of a plan. The pen's transform is the camera's, (a, 0, 0, a, e, f); it is left changed. */
export function drawAreas(pen: Pen, plan: Plan, scale: number, theme: Theme): void {
  for (const area of plan.areas) {
    pen.save();
    pen.translate(area.x, area.y);
    if (area.rotation) pen.rotate((area.rotation * Math.PI) / 180);
    if (area.shape !== "text") drawShape(pen, area, scale, theme);
    drawText(pen, area, scale, theme);
    pen.restore();
  }
}
