// The one way anything that was asked of the server can fail.

/** Codes of our own beside those of the contract. */
export type LocalCode = "Offline" | "Timeout" | "Unreadable";

/** An answer that is an error: the contract's code or one of ours, with what the error carried. */
export class Failure extends Error {
  /** The code, `SeatReserved` for instance. */
  readonly code: string;
  /** What came with the error; null mostly. */
  readonly detail: unknown;

  constructor(code: string | LocalCode, detail: unknown = null) {
    super(code);
    this.code = code;
    this.detail = detail;
  }
}

/** The code of anything that was thrown. */
export function failureCode(thrown: unknown): string {
  return thrown instanceof Failure ? thrown.code : "Unreadable";
}

/** Whether what was asked failed for a reason that passes by itself: asked again it may work. */
export function isPassing(thrown: unknown): boolean {
  return ["Offline", "Timeout", "InternalServerError", "rate_limited"].includes(failureCode(thrown));
}
