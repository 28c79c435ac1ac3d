// Starts the page: the connection, the state, the actions, and the view on top of them.
import { mount } from "svelte";
import { bindActions } from "./actions/table";
import { newPage, takeLink } from "./state/page";
import { createStore } from "./state/store";
import Foyer from "./view/Foyer.svelte";
import "./view/style.css";
import { askApi } from "./wire/api";
import { callUser, fetchPlan, readAuthStart } from "./wire/http";
import { browserSurroundings, Link } from "./wire/link";

const surroundings = browserSurroundings();
const page = createStore(newPage());
const link = new Link(surroundings, (state) => page.update((before) => takeLink(before, state)));
/** Asks; a door that does not know us makes the page ask who we are. */
const ask: typeof askApi = async (asked) => {
  try {
    return await askApi(asked);
  } catch (thrown) {
    actions.doubtAccount(thrown);
    throw thrown;
  }
};

const context = { page, link, ask, callUser, readAuthStart, fetchPlan, after: surroundings.after };
const actions = bindActions(context);

actions.watchAccount();
actions.staySignedIn();
actions.watchCinemas();
link.start();

// Back from sleep or a tunnel there is no reason to wait for the next try; and another tab may have reserved seats.
addEventListener("online", () => link.start());
document.addEventListener("visibilitychange", () => {
  if (document.hidden) return;
  link.start();
  void actions.askMySeats();
});

mount(Foyer, { target: document.getElementById("page")!, props: { app: { page, actions, context } } });
