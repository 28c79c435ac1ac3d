// The state of the whole page.
import type { LinkState } from "../wire/link";
import type { Concert } from "../wire/concert";
import type { Person } from "../wire/person";
import type { Account, Cinema, CinemaChange } from "../wire/shapes";
import type { Hall } from "./hall";

/** A short message to the person, and how it is meant. */
export interface Notice {
  readonly id: number;
  /** The code of the error it tells of; empty for good news. */
  readonly code: string;
  /** Which good news, a key of the words; empty for an error. */
  readonly news: string;
}

/** Everything the page shows. */
export interface Page {
  readonly link: LinkState;
  /** Who we are; null until the server has said. */
  readonly account: Account | null;
  /** What the account says of us; null for a guest and until it has come. */
  readonly person: Person | null;
  /** The concerts; null until they have come. */
  readonly concerts: readonly Concert[] | null;
  /** The cinemas; null until they have come. */
  readonly cinemas: readonly Cinema[] | null;
  /** The hall that is open; null when none is. */
  readonly hall: Hall | null;
  readonly notices: readonly Notice[];
  /** How many messages are unread; 0 until known. */
  readonly unread: number;
  /** What one is about to write to somebody, by number; null: nothing. */
  readonly draft: { readonly to: number; readonly text: string } | null;
}

/** The page before anything has come. */
export function newPage(): Page {
  return {
    link: "connecting",
    account: null,
    person: null,
    concerts: null,
    cinemas: null,
    hall: null,
    notices: [],
    unread: 0,
    draft: null,
  };
}

/** Takes the state of the connection; while it is gone the hall may be out of date. */
export function takeLink(page: Page, link: LinkState): Page {
  const hall = page.hall && link !== "online" ? { ...page.hall, live: false } : page.hall;
  return { ...page, link, hall };
}

/** Takes who we are; another person has other seats. */
export function takeAccount(page: Page, account: Account): Page {
  const same = JSON.stringify(page.account) === JSON.stringify(account);
  if (same) return page;
  const hall = page.hall ? { ...page.hall, mine: new Set<number>(), selected: new Set<number>() } : null;
  const before = page.account?.kind === "user" ? page.account.username : "";
  const known = account.kind === "user" && (before === "" || before === account.username);
  return { ...page, account, hall, person: known ? page.person : null };
}

/** Takes new counters of some halls of a cinema. */
export function takeCinemaChange(page: Page, change: CinemaChange): Page {
  if (!page.cinemas) return page;
  const counts = new Map(change.halls.map((hall) => [hall.id, hall.counts]));
  const cinemas = page.cinemas.map((cinema) => {
    if (cinema.id !== change.id) return cinema;
    return { ...cinema, halls: cinema.halls.map((hall) => ({ ...hall, counts: counts.get(hall.id) ?? hall.counts })) };
  });
  return { ...page, cinemas };
}

/** Changes the open hall, if it is the one with this id. */
export function changeHall(page: Page, id: number, change: (hall: Hall) => Hall): Page {
  if (!page.hall || page.hall.id !== id) return page;
  const hall = change(page.hall);
  return hall === page.hall ? page : { ...page, hall };
}

/** The cinema a hall belongs to. */
export function cinemaOf(page: Page, hallId: number): Cinema | undefined {
  return page.cinemas?.find((cinema) => cinema.halls.some((hall) => hall.id === hallId));
}

/** Adds a notice; the same one twice is one, and the oldest give way. */
export function addNotice(page: Page, notice: Notice): Page {
  const others = page.notices.filter((other) => other.code !== notice.code || other.news !== notice.news);
  return { ...page, notices: [...others.slice(-2), notice] };
}

/** Takes a notice away. */
export function dropNotice(page: Page, id: number): Page {
  return { ...page, notices: page.notices.filter((notice) => notice.id !== id) };
}
