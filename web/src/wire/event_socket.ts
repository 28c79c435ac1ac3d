// The messenger's events over Socket.IO (protocol 5 over Engine.IO 4, socket.io/docs/v4/socket-io-protocol), on a
// WebSocket from the start. It is opened again whenever it goes; what was missed meanwhile is for the page to ask for.
import { backoffMs } from "./backoff";
import { numberOr, object, WireFault } from "./check";
import type { LinkState, Surroundings } from "./link";

/** What the socket tells. */
export interface SocketEars {
  onState(state: LinkState): void;
  onEvent(name: string, argument: unknown): void;
  /** The session is not good any more. The socket stays closed until it is started again. */
  onRefused(): void;
}

/** How long the server may take for the first packets, in milliseconds. */
const OPENING_MS = 10_000;
const OPEN = "0";
const PING = "2";
const PONG = "3";
const CONNECT = "40";
const DISCONNECT = "41";
const EVENT = "42";
const CONNECT_ERROR = "44";

/** The query of the handshake: whose session it is, says the cookie. */
export function handshakeQuery(os: string, browser: string): string {
  return `/socket.io/?${new URLSearchParams({ EIO: "4", transport: "websocket", os, browser })}`;
}

/** Writes an event. */
export function writeEvent(name: string, ...input: unknown[]): string {
  return EVENT + JSON.stringify([name, ...input]);
}

/** The socket. Make one, `start` it, and listen. */
export class EventSocket {
  private socket: WebSocket | null = null;
  private online = false;
  private attempt = 0;
  private silenceMs = OPENING_MS;
  private cancelRetry = () => {};
  private cancelSilence = () => {};

  constructor(
    private readonly world: Surroundings,
    private readonly ears: SocketEars,
  ) {}

  /** Opens the socket, now, unless there is one. */
  start(): void {
    this.cancelRetry();
    if (this.socket) return;
    const socket = this.world.open();
    this.socket = socket;
    socket.onmessage = (event: MessageEvent) => this.heard(String(event.data));
    socket.onclose = () => this.lost();
    this.silenceMs = OPENING_MS;
    this.watchSilence();
  }

  /** Closes it for good. */
  stop(): void {
    this.cancelRetry();
    this.drop();
  }

  /** Tells the server something; lost when there is no connection. */
  emit(name: string, ...input: unknown[]): void {
    if (this.online) this.socket?.send(writeEvent(name, ...input));
  }

  private drop(): void {
    const socket = this.socket;
    this.socket = null;
    this.online = false;
    this.cancelSilence();
    if (!socket) return;
    socket.onmessage = socket.onclose = null;
    socket.close();
  }

  private lost(): void {
    this.drop();
    this.ears.onState("lost");
    this.cancelRetry = this.world.after(backoffMs(this.attempt++, this.world.chance()), () => this.start());
  }

  private refused(): void {
    this.stop();
    this.ears.onState("lost");
    this.ears.onRefused();
  }

  /** The server pings; a connection on which nothing comes any more is left. */
  private watchSilence(): void {
    this.cancelSilence();
    this.cancelSilence = this.world.after(this.silenceMs, () => this.lost());
  }

  private heard(packet: string): void {
    this.watchSilence();
    try {
      this.take(packet);
    } catch (fault) {
      console.error("A packet could not be read.", fault);
    }
  }

  private take(packet: string): void {
    if (packet === PING) this.socket?.send(PONG);
    else if (packet.startsWith(OPEN)) this.opened(packet);
    else if (packet.startsWith(EVENT)) this.takeEvent(packet);
    else if (packet.startsWith(CONNECT)) this.socket?.send(writeEvent("user:connect"));
    else if (packet === DISCONNECT || packet.startsWith(CONNECT_ERROR)) this.refused();
  }

  private opened(packet: string): void {
    const read = object(JSON.parse(packet.slice(OPEN.length)), "handshake");
    this.silenceMs = numberOr(read.pingInterval, 0) + numberOr(read.pingTimeout, 0) || OPENING_MS;
    this.socket?.send(CONNECT);
  }

  private takeEvent(packet: string): void {
    const [name, argument] = eventOf(packet);
    if (name === "user:invalid_token") return this.refused();
    if (name === "user:connect_success") {
      if (this.online) return;
      this.online = true;
      this.attempt = 0;
      return this.ears.onState("online");
    }
    this.ears.onEvent(name, argument);
  }
}

/** The name and the first argument of an event. */
function eventOf(packet: string): [string, unknown] {
  const read: unknown = JSON.parse(packet.slice(EVENT.length));
  if (!Array.isArray(read) || typeof read[0] !== "string") throw new WireFault("packet is no event");
  return [read[0], read[1]];
}
