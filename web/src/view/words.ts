// Every text a visitor can see or hear, in one place, so that another language is another file of this shape.

/** A number with thousands apart. */
const figures = new Intl.NumberFormat("en");

/** `one` or `many` after the number. */
function plural(count: number, one: string, many: string): string {
  return `${figures.format(count)} ${count === 1 ? one : many}`;
}

/** What went wrong and what to do next, by error code. */
const errors: Record<string, string> = {
  Offline: "There is no connection right now. Nothing was changed. Try again when we are back.",
  Timeout: "The server did not answer in time. Look at the seat before you try again.",
  Unreadable: "The answer could not be understood. Reload the page and try again.",
  InternalServerError: "Something went wrong on our side. Nothing was changed. Try again in a moment.",
  TooManyRequests: "That was a lot at once. Wait a minute and try again.",
  RateLimitExceeded: "That was a lot at once. Wait a minute and try again.",
  TooManyConnections: "Too many pages are open from here. Close some and try again.",
  Unauthorized: "You are not signed in any more. Sign in and try again.",
  TokenExpired: "Your sign-in has ended. Sign in again.",
  TokenInvalid: "Your sign-in is no longer valid. Sign in again.",
  Forbidden: "This seat is not yours to change. Ask the staff if you think it should be.",
  SeatReserved: "Somebody else was faster: that seat is taken. Pick another one.",
  SeatNotFound: "That seat is not in this hall any more. Pick another one.",
  InvalidSeatData: "That seat cannot be changed this way. Pick another one.",
  HallNotFound: "There is no such hall. Go back to the list and pick one.",
  RequiredHallId: "There is no such hall. Go back to the list and pick one.",
  NotFound: "The plan of this hall has just changed. It is being fetched again.",
  CinemaFetchFailed: "The list of halls could not be read. Try again in a moment.",
  InvalidUsername: "A username has 3 to 32 letters, digits, dashes or underscores.",
  UserNotFound: "Nobody has this username. Check how it is written.",
  UserAlreadyExists: "This username is taken. Sign in with it if it is yours, or choose another.",
  InvalidCode: "That code is not right. Type the six digits your authenticator shows now; each works once.",
  TooManyValidationAttempts: "Too many wrong codes. Wait five minutes, or start over.",
  TooManyLoginAttempts: "Too many tries. Wait fifteen minutes, then try again.",
  RegistrationInProgress: "Somebody began signing up with this name in the last five minutes.",
  RegistrationNotInProgress: "This sign-up has run out of time. Start over; it takes a minute.",
  RegistrationExpired: "This sign-up has run out of time. Start over; it takes a minute.",
  InvalidRecoveryPhrase: "The username and phrase do not belong together. Check both and try again.",
};

/** Good news, by name. */
const news: Record<string, string> = {
  swept: "Done.",
  phraseSaved: "Your recovery phrase is saved.",
  copied: "Copied.",
};

/** Names of the four statuses and of a seat of one's own, by look. */
const statuses = ["Vacant", "Reserved", "Occupied", "Out of service", "Yours"] as const;

/** The words. */
export const words = {
  brand: "Foyer",
  title: (part: string) => (part ? `${part} · Foyer` : "Foyer"),
  skip: "Skip to content",
  number: (value: number) => figures.format(value),
  status: (look: number) => statuses[look] ?? "",
  error: (code: string) => errors[code] ?? "That did not work. Try again, or reload the page.",
  news: (name: string) => news[name] ?? "",
  dismiss: "Dismiss",
  loading: "Loading",
  back: "All halls",
  tryAgain: "Try again",

  theme: {
    label: { system: "Colours: as the device", light: "Colours: light", dark: "Colours: dark" } as Record<string, string>,
  },

  link: {
    connecting: "Connecting…",
    lost: "Connection lost. Reconnecting… the seats you see may be out of date.",
    back: "Connected again. Everything you see is up to date.",
  },

  home: {
    title: "Halls",
    lead: "Every seat, as it is right now. Pick a hall.",
    free: "free",
    of: (total: number) => `of ${figures.format(total)}`,
    none: "There are no halls yet.",
    noneNext: "As soon as one is added it appears here by itself.",
    noHalls: "No halls here yet.",
  },

  hall: {
    loading: "Fetching the plan of the hall…",
    viewers: (count: number) => `${figures.format(count)} watching`,
    viewersLong: (count: number) => plural(count, "person is watching this hall", "people are watching this hall"),
    views: "How the hall is shown",
    map: "Map",
    list: "List",
    wall: "Wall display",
    staff: "Staff tools",
    missing: "There is no such hall",
    legend: "Legend",
    byStatus: "Seats by status",
    byType: "Free seats by type",
    legendMore: "Show all of the legend",
    legendLess: "Show less of the legend",
    freeOf: (free: number, total: number) => `${figures.format(free)} of ${figures.format(total)}`,
    hint: "Pick a seat on the map to see it here.",
    mine: "Your seats",
    mineMore: (count: number) => `and ${figures.format(count)} more`,
  },

  map: {
    name: (hall: string) => `Seat map of ${hall}`,
    role: "seat map",
    help: "Arrow keys move from seat to seat, Enter opens a seat, plus and minus zoom, zero shows the whole hall, Shift with arrows moves the map. Home and End go to the ends of a row. The list view shows the same seats as buttons.",
    staffHelp: " Staff: Space picks a seat, W its row; V, R, O and M set the status.",
    zoomIn: "Zoom in",
    zoomOut: "Zoom out",
    fit: "Show the whole hall",
    picked: "picked",
    stale: "may be out of date",
  },

  list: {
    name: (hall: string) => `Seats of ${hall}, row by row`,
    row: (zone: string, label: string) => (zone ? `${zone}, row ${label}` : `Row ${label}`),
    free: (free: number, total: number) => `${figures.format(free)} of ${figures.format(total)} free`,
  },

  seat: {
    name: (row: string, place: string) => `Row ${row}, seat ${place}`,
    spoken: (zone: string, row: string, place: string, type: string, status: string) =>
      `${zone ? `${zone}, row` : "Row"} ${row} seat ${place}, ${type}, ${status.toLowerCase()}`,
    zone: "Area",
    type: "Type",
    status: "Status",
    close: "Close",
    reserve: "Reserve this seat",
    reserving: "Reserving…",
    release: "Release this seat",
    releasing: "Releasing…",
    signIn: "Sign in to reserve",
    signInWhy: "Anyone can watch. To reserve a seat you need a username; it takes a minute.",
    yours: "It stays yours until you release it here, or the staff do.",
    taken: "Somebody else has reserved this seat. If it is given back, you see it here at once.",
    occupied: "Somebody is sitting here.",
    closed: "This seat is out of service for now.",
    offline: "Reserving works again as soon as the connection is back.",
    set: "Set the status (staff)",
  },

  staff: {
    title: "Staff tools",
    help: "Tap seats, drag a box around them, or tap a row’s letter to sweep the row.",
    picked: (count: number) => plural(count, "seat picked", "seats picked"),
    none: "No seats picked",
    set: "Set the status of what is picked",
    clear: "Let go of all",
    row: "Pick the whole row",
    keys: ["V", "R", "O", "M"] as const,
    offline: "Changes work again as soon as the connection is back.",
  },

  wall: {
    free: "free",
    of: (total: number) => `of ${figures.format(total)} seats`,
    hint: "F: full screen · Esc: back",
    reserve: "Reserve on your phone",
  },

  account: {
    signIn: "Sign in",
    signOut: "Sign out",
    signingOut: "Signing out…",
    title: "Your account",
    signedInAs: "Signed in as",
    staff: "Staff",
    guest: "You are not signed in.",
    phraseTitle: "Recovery phrase",
    phraseLead:
      "If you lose your authenticator, a phrase gets you back in. Choose at least 12 characters that nobody would guess, and keep them on paper.",
    phrase: "Recovery phrase",
    phraseShort: "Use at least 12 characters.",
    savePhrase: "Save phrase",
    saving: "Saving…",
  },

  sign: {
    title: "Sign in or sign up",
    lead: "No password: your username and a six-digit code from an authenticator app.",
    username: "Username",
    usernameHint: "New here? Choose one: 3 to 32 letters, digits, dashes or underscores.",
    next: "Continue",
    wait: "One moment…",
    other: "Use another name",
    startOver: "Start over",
    lost: "Lost your authenticator?",
    welcomeBack: (name: string) => `Welcome back, ${name}`,
    codeLead: "Open your authenticator app and type the code it shows for this page.",
    code: "Six-digit code",
    codeFormat: "A code has six digits.",
    login: "Sign in",
    newTitle: (name: string) => `“${name}” is free`,
    newLead: "Link it to an authenticator app on your phone (any will do), then type the code the app shows.",
    scan: "Scan this with the app",
    qr: "QR code for your authenticator app",
    openApp: "Open in the app on this device",
    secret: "Or type this key into the app",
    copy: "Copy key",
    copied: "Copied",
    register: "Finish signing up",
    minutes: "You have about five minutes; after that, just start over.",
    busyTitle: "That name is being signed up",
    busyLead:
      "Somebody began signing up with it in the last five minutes. If that was you, perhaps in another tab, start over here. If not, choose another name.",
    recoverTitle: "Lost your authenticator?",
    recoverLead: "Type your username and the recovery phrase you saved. You can then link a new authenticator.",
    recover: "Continue",
    recoverNone: "No phrase saved? The staff at the venue can help you.",
    backToSignIn: "Back to sign-in",
    linkTitle: (name: string) => `Link a new authenticator, ${name}`,
  },

  missing: {
    title: "There is nothing here",
    lead: "The address may be mistyped, or the page has moved.",
    home: "Go to the halls",
  },
};
