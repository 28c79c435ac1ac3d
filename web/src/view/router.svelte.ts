// Which page an address means, and going from one to another without loading.

/** A page that has no number or name in its address. */
type Plain =
  | "home"
  | "sign-in"
  | "sign-in-name"
  | "sign-up"
  | "recover"
  | "confirm-email"
  | "reset-password"
  | "account"
  | "tickets"
  | "messages";

/** A page of the box office that is about one concert or one booking. */
type Numbered = "concert" | "way" | "booking" | "sale" | "door";

/** A page of the program. */
export type Route =
  | { readonly name: Plain | "missing" }
  | { readonly name: Numbered; readonly id: string }
  | { readonly name: "hall" | "wall" | "dialog"; readonly id: number };

const PLAIN: Record<string, Plain> = {
  "/": "home",
  "/sign-in": "sign-in",
  "/sign-in/username": "sign-in-name",
  "/sign-up": "sign-up",
  "/recover": "recover",
  "/email/confirm-email": "confirm-email",
  "/email/reset-password": "reset-password",
  "/account": "account",
  "/tickets": "tickets",
  "/messages": "messages",
};

/** Pages whose address holds a public id of 24 hex digits. */
const NUMBERED: readonly (readonly [RegExp, Numbered])[] = [
  [/^\/concert\/([0-9a-f]{24})$/, "concert"],
  [/^\/concert\/([0-9a-f]{24})\/tickets$/, "way"],
  [/^\/booking\/([0-9a-f]{24})$/, "booking"],
  [/^\/staff\/sale\/([0-9a-f]{24})$/, "sale"],
  [/^\/staff\/door\/([0-9a-f]{24})$/, "door"],
];

/** What a path means. */
export function routeOf(given: string): Route {
  const path = given.length > 1 ? given.replace(/\/$/, "") : given;
  if (PLAIN[path]) return { name: PLAIN[path] };
  for (const [form, name] of NUMBERED) {
    const found = form.exec(path);
    if (found) return { name, id: found[1] };
  }
  const hall = /^\/hall\/([1-9]\d{0,8})(\/wall)?$/.exec(path);
  if (hall) return { name: hall[2] ? "wall" : "hall", id: Number(hall[1]) };
  const dialog = /^\/messages\/([1-9]\d{0,14})$/.exec(path);
  if (dialog) return { name: "dialog", id: Number(dialog[1]) };
  return { name: "missing" };
}

/** The place we are at. `back` is where signing in leads when it is done. */
const place = $state({ path: location.pathname, back: "/" });

/** The current route; reactive. */
export function currentRoute(): Route {
  return routeOf(place.path);
}

/** The current path; reactive. */
export function currentPath(): string {
  return place.path;
}

/** Goes to a path. A sign-in remembers where it was called from. */
export function go(path: string): void {
  if (path === place.path) return;
  if (!SIGNING.includes(place.path)) place.back = place.path;
  history.pushState(null, "", path + location.search);
  place.path = path;
  scrollTo(0, 0);
}

const SIGNING = ["/sign-in", "/sign-in/username", "/sign-up", "/recover", "/email/confirm-email", "/email/reset-password"];

/** Goes where the person was before signing in. */
export function goBack(): void {
  go(place.back === place.path ? "/" : place.back);
}

/** Follows links and the browser's own buttons, for as long as the page lives. */
export function followLinks(): void {
  addEventListener("popstate", () => (place.path = location.pathname));
  document.addEventListener("click", (event) => {
    const anchor = (event.target as Element).closest?.("a[href^='/']");
    const plain = event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey;
    if (!anchor || !plain || event.defaultPrevented || anchor.hasAttribute("target")) return;
    event.preventDefault();
    go(anchor.getAttribute("href")!);
  });
}
