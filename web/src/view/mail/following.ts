// The mailed link that led here, and what can be done with it.
import { bind } from "../../actions/bind";
import { askForLink, confirmAddress, readMailedLink, setPassword, type MailedLink } from "../../actions/mailed_links";
import { askTalk } from "../../wire/talk";

/** The actions, bound to the messenger's door. */
export const mailed = bind({ askTalk }, { askForLink, confirmAddress, setPassword });

/** Takes the link out of the address bar, where its token shall not stay; null: what is there is no link. */
export function takeLink(): MailedLink | null {
  const link = readMailedLink(location.search);
  history.replaceState(null, "", location.pathname);
  return link;
}

/** Goes to the heading of what has taken a form's place, so that it is read out. */
export function arriveAt(heading: HTMLElement): void {
  heading.focus();
}
