// The connection to the server: one WebSocket that is opened again whenever it goes, with requests and subscriptions on
// it. Requests made while it is down fail at once; subscriptions are asked for again by themselves.
import { backoffMs } from "./backoff";
import { HEARTBEAT, readReply, writeRequest, type Reply } from "./envelope";
import { Failure } from "./failure";
import { readFrame, type HallFrame } from "./frames";

/** Whether there is a connection: not yet, yes, or gone and being sought. */
export type LinkState = "connecting" | "online" | "lost";

/** What the link needs of the world, handed in so that a test can turn the clock. */
export interface Surroundings {
  /** Milliseconds, only differences matter. */
  now(): number;
  /** A number in [0, 1). */
  chance(): number;
  /** Runs `task` once after `ms`; the result cancels it. */
  after(ms: number, task: () => void): () => void;
  /** Opens a socket to the server. */
  open(): WebSocket;
}

/** Something to watch. Its messages come until it is ended, through every reconnect. */
export interface Subscription {
  /** The channel, `hall.subscribe` for instance. */
  readonly channel: string;
  /** The data of the request, asked anew at every reconnect (this is where `since` comes from). */
  data(): unknown;
  /** A snapshot or an update. */
  onMessage(status: "snapshot" | "update", data: unknown): void;
  /** A binary frame, where the subscription asked for them. */
  onFrame?(frame: HallFrame): void;
  /** The server refused or ended it; nothing more will come. */
  onRefused(code: string): void;
}

interface Pending {
  resolve(data: unknown): void;
  reject(failure: Failure): void;
  cancel(): void;
}

const HEARTBEAT_MS = 4_000;
const SILENCE_MS = 12_000;
const REQUEST_MS = 10_000;
/** The try whose wait a subscription has that the server could not serve just now: three to six seconds. */
const REFUSED_TRY = 5;

/** The connection. Make one, `start` it, and ask. */
export class Link {
  private readonly world: Surroundings;
  private readonly onState: (state: LinkState) => void;
  private socket: WebSocket | null = null;
  private online = false;
  private attempt = 0;
  private nextEid = 1;
  private heardAt = 0;
  private saidAt = 0;
  private cancelRetry: (() => void) | null = null;
  private cancelBeat: (() => void) | null = null;
  private readonly requests = new Map<string, Pending>();
  private readonly subscriptions = new Map<string, Subscription>();

  constructor(world: Surroundings, onState: (state: LinkState) => void) {
    this.world = world;
    this.onState = onState;
  }

  /** Opens the connection, now, unless there is one or one is being opened. */
  start(): void {
    this.cancelRetry?.();
    this.cancelRetry = null;
    if (this.socket) return;
    const socket = this.world.open();
    socket.binaryType = "arraybuffer";
    this.socket = socket;
    socket.onopen = () => this.opened();
    socket.onmessage = (event: MessageEvent) => this.heard(event.data);
    socket.onclose = () => this.closed(socket);
    this.heardAt = this.world.now();
    this.beat();
  }

  /** Drops the connection and opens a new one at once: its identity is taken from the cookie anew. */
  reopen(): void {
    const socket = this.socket;
    this.attempt = 0;
    if (socket) this.drop(socket);
    this.start();
  }

  /** Asks once. Fails with `Offline`, `Timeout` or the server's code. */
  request(type: string, data: unknown): Promise<unknown> {
    if (!this.online) return Promise.reject(new Failure("Offline"));
    const eid = this.newEid();
    return new Promise((resolve, reject) => {
      const cancel = this.world.after(REQUEST_MS, () => this.settle(eid)?.reject(new Failure("Timeout")));
      this.requests.set(eid, { resolve, reject, cancel });
      this.say(writeRequest(type, data, eid));
    });
  }

  /** Watches a channel until the result is called. */
  subscribe(subscription: Subscription): () => void {
    const eid = this.newEid();
    this.subscriptions.set(eid, subscription);
    if (this.online) this.askFor(eid, subscription);
    return () => this.unsubscribe(eid);
  }

  private askFor(eid: string, subscription: Subscription): void {
    this.say(writeRequest(subscription.channel, subscription.data(), eid));
  }

  private unsubscribe(eid: string): void {
    const subscription = this.subscriptions.get(eid);
    if (!subscription) return;
    this.subscriptions.delete(eid);
    const channel = subscription.channel.replace(".subscribe", ".unsubscribe");
    if (this.online) this.say(writeRequest(channel, { sub_eid: eid }, this.newEid()));
  }

  private newEid(): string {
    return `p${this.nextEid++}`;
  }

  private say(message: string): void {
    this.saidAt = this.world.now();
    this.socket?.send(message);
  }

  private opened(): void {
    this.online = true;
    this.attempt = 0;
    this.heardAt = this.world.now();
    this.onState("online");
    for (const [eid, subscription] of this.subscriptions) this.askFor(eid, subscription);
  }

  private closed(socket: WebSocket): void {
    if (socket !== this.socket) return;
    this.forget();
    this.onState("lost");
    this.retryLater();
  }

  private drop(socket: WebSocket): void {
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close();
    this.forget();
  }

  /** What was asked over a connection that is gone will not be answered. */
  private forget(): void {
    this.socket = null;
    this.online = false;
    this.cancelBeat?.();
    this.cancelBeat = null;
    for (const eid of [...this.requests.keys()]) this.settle(eid)?.reject(new Failure("Offline"));
  }

  private retryLater(): void {
    this.cancelRetry?.();
    const wait = backoffMs(this.attempt++, this.world.chance());
    this.cancelRetry = this.world.after(wait, () => this.start());
  }

  /** Every four seconds: say that we are alive, and leave a connection on which nothing is heard any more. */
  private beat(): void {
    this.cancelBeat = this.world.after(HEARTBEAT_MS, () => {
      const socket = this.socket;
      if (!socket) return;
      if (this.world.now() - this.heardAt > SILENCE_MS) {
        this.drop(socket);
        this.onState("lost");
        return this.retryLater();
      }
      if (this.online) this.say(HEARTBEAT);
      this.beat();
    });
  }

  private heard(message: unknown): void {
    this.heardAt = this.world.now();
    try {
      if (message instanceof ArrayBuffer) return this.heardFrame(readFrame(message));
      const reply = readReply(String(message));
      if (reply) this.heardReply(reply);
      else this.answerHeartbeat();
    } catch (fault) {
      console.error("A message could not be read.", fault);
    }
  }

  /** Timers sleep in a tab nobody sees, messages do not: the server's heartbeat keeps ours going there. */
  private answerHeartbeat(): void {
    if (this.online && this.world.now() - this.saidAt >= HEARTBEAT_MS) this.say(HEARTBEAT);
  }

  private heardFrame(frame: HallFrame): void {
    this.subscriptions.get(frame.eid)?.onFrame?.(frame);
  }

  private heardReply(reply: Reply): void {
    const subscription = this.subscriptions.get(reply.eid);
    if (subscription && reply.status === "error") {
      if (reply.error === "InternalServerError") return this.askAgain(reply.eid, subscription);
      this.subscriptions.delete(reply.eid);
      return subscription.onRefused(reply.error);
    }
    if (reply.status === "snapshot" || reply.status === "update") {
      return subscription?.onMessage(reply.status, reply.data);
    }
    const pending = this.settle(reply.eid);
    if (reply.status === "error") pending?.reject(new Failure(reply.error, reply.data));
    else pending?.resolve(reply.data);
  }

  /** The server could not serve it just now. A connection that is opened meanwhile asks by itself. */
  private askAgain(eid: string, subscription: Subscription): void {
    const socket = this.socket;
    this.world.after(backoffMs(REFUSED_TRY, this.world.chance()), () => {
      if (socket === this.socket && this.subscriptions.has(eid)) this.askFor(eid, subscription);
    });
  }

  private settle(eid: string): Pending | undefined {
    const pending = this.requests.get(eid);
    this.requests.delete(eid);
    pending?.cancel();
    return pending;
  }
}

/** The world of a browser: its clock, its dice, and a socket to the host the page came from. */
export function browserSurroundings(): Surroundings {
  const scheme = location.protocol === "https:" ? "wss" : "ws";
  return {
    now: () => performance.now(),
    chance: () => Math.random(),
    after: (ms, task) => {
      const timer = setTimeout(task, ms);
      return () => clearTimeout(timer);
    },
    open: () => new WebSocket(`${scheme}://${location.host}/ws`),
  };
}
