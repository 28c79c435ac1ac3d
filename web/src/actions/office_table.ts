// Every action of the box office, by name. It is fetched with the box office and not before.
import * as admitting from "./admitting";
import { bind, type Bound } from "./bind";
import * as booking from "./booking";
import * as concerts from "./concerts";
import type { Office } from "./office_context";
import * as operating from "./operating";

const OFFICE_ACTIONS = { ...concerts, ...booking, ...operating, ...admitting } as const;

/** The actions as the view calls them. */
export type OfficeActions = Bound<typeof OFFICE_ACTIONS>;

/** Hands the context to every action. */
export function bindOffice(office: Office): OfficeActions {
  return bind(office, OFFICE_ACTIONS);
}
