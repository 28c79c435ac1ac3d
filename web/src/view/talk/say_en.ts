// Every text of the messenger in English. Other languages have this shape.

const figures = new Intl.NumberFormat("en");

function plural(count: number, one: string, many: string): string {
  return `${figures.format(count)} ${count === 1 ? one : many}`;
}

/** What went wrong and what to do next, by error code; codes that are not here have the page's own words. */
const errors: Record<string, string> = {
  receiver_user_not_found: "There is nobody under this address. Find them by name instead.",
  this_person_takes_no_messages_from_you: "They take no messages from you.",
  you_have_blocked_this_person: "You have blocked them. Unblock them to write.",
  message_not_found: "That message is gone already.",
  unauthorized: "You are not signed in any more. Sign in to see your messages.",
  rate_limited: "That was a lot at once. Wait a moment and try again.",
};

/** The words. */
export const sayEn = {
  error: (code: string) => errors[code] ?? "",
  title: "Messages",
  signIn: "Sign in to read and write messages.",
  lost: "No connection. What you write is kept and goes out as soon as we are back.",

  list: {
    name: "Conversations",
    find: "Find people and messages",
    none: "No messages yet",
    noneLead: "Find somebody by name to write to them. Questions about a ticket? Write to the box office from your booking.",
    pick: "Pick a conversation",
    pickLead: "Or find somebody by name to begin one.",
    unread: (count: number) => plural(count, "unread message", "unread messages"),
    online: "online",
    notify: "Tell me about new messages",
    notifyLead: "Also when this page is in the background.",
  },

  find: {
    more: "More",
    people: "People",
    messages: "Messages",
    searching: "Searching…",
    nothing: "Nothing found. Try fewer or other words.",
    you: "You",
    within: (name: string) => `Search with ${name}`,
    count: (count: number) => plural(count, "message found", "messages found"),
  },

  room: {
    menu: "Options for this conversation",
    block: (name: string) => `Block ${name}`,
    blockLead: "You will get no more messages from them, nor can you write to them. What was written stays.",
    unblock: "Unblock",
    blocked: (name: string) => `You have blocked ${name}.`,
    name: (name: string) => `Conversation with ${name}`,
    back: "All conversations",
    search: "Search in this conversation",
    typing: "typing…",
    online: "online",
    offline: "offline",
    seen: (when: string) => `last seen ${when}`,
    empty: "Nothing here yet",
    emptyLead: (name: string) => `Write the first message to ${name}.`,
    newFrom: "New messages",
    newest: "Go to the newest message",
    arrived: (count: number) => plural(count, "new message", "new messages"),
    fetching: "Fetching messages…",
    begun: "The conversation began here.",
    you: "You",
    today: "Today",
    yesterday: "Yesterday",
    somebody: "Somebody",
  },

  message: {
    edited: "edited",
    sending: "Sending",
    sent: "Sent",
    read: "Read",
    failed: "Not sent",
    again: "Send again",
    giveUp: "Discard",
    options: "Options for this message",
    edit: "Edit",
    copy: "Copy",
    copied: "Copied",
    remove: "Delete",
    sure: "Delete it for both of you?",
    yes: "Delete",
    no: "Keep it",
  },

  write: {
    label: (name: string) => `Message to ${name}`,
    placeholder: "Write a message",
    send: "Send",
    save: "Save",
    editing: "Editing your message",
    cancel: "Cancel editing",
    left: (count: number) => `${figures.format(count)} characters left`,
    tooLong: (count: number) => `${figures.format(count)} characters too many`,
  },

  beside: {
    title: (name: string) => `Bookings of ${name}`,
    open: "Show their bookings",
    close: "Hide their bookings",
    none: "No bookings.",
    mentioned: "mentioned here",
    status: { pending: "Not paid yet", confirmed: "Confirmed", expired: "Expired", cancelled: "Cancelled" } as Record<string, string>,
    seats: (count: number) => plural(count, "ticket", "tickets"),
  },

  settings: {
    lastSeen: "Show when I was last here",
    lastSeenLead: "When it is off, it is not kept either.",
    blocked: "Blocked",
    export: "Save all my data as a file",
  },

  alert: {
    from: (name: string) => `New message from ${name}`,
    close: "Dismiss",
  },
};

/** The shape of these words in any language. */
export type Say = typeof sayEn;
