// The box office as its views use it: made once when it is first needed, with a clock that ticks for all of them.
import type { Office } from "../../actions/office_context";
import { bindOffice, type OfficeActions } from "../../actions/office_table";
import { newBox, type Box } from "../../state/box";
import { serverTime } from "../../state/clock";
import { createStore, type Store } from "../../state/store";
import type { App } from "../app";

/** The state and the actions of the box office. */
export interface BoxOffice {
  readonly box: Store<Box>;
  readonly office: OfficeActions;
}

let made: BoxOffice | null = null;
const device = $state({ now: Date.now() });
setInterval(() => (device.now = Date.now()), 250);

/** The box office of this page. */
export function boxOffice(app: App): BoxOffice {
  if (made) return made;
  const box = createStore(newBox());
  const context: Office = { ...app.context, box, deviceNow: () => Date.now() };
  made = { box, office: bindOffice(context) };
  return made;
}

/** The server's time now, to a quarter of a second; reactive. */
export function serverNow(box: Box): number {
  return serverTime(box.clock, device.now);
}
