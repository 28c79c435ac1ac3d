// What a visitor or a door can check for itself: the lots of the draw, the hash of a code, the signature of the list.
import { WireFault } from "./check";

/** The bytes of hex digits. */
function fromHex(digits: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(digits.match(/../g) ?? [], (pair) => parseInt(pair, 16));
}

/** Bytes as hex digits. */
function toHex(bytes: ArrayBuffer): string {
  return Array.from(new Uint8Array(bytes), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** The bytes of base64url. */
function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (letter) => letter.charCodeAt(0));
}

/** False where the browser gives no cryptography: on an address that is neither https nor this machine's own. */
export function canProve(): boolean {
  return globalThis.crypto?.subtle !== undefined;
}

/** SHA-256 of a text, hex. */
export async function hashOfText(text: string): Promise<string> {
  return toHex(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)));
}

/** SHA-256 of the bytes that hex digits stand for, hex. */
export async function hashOfHex(digits: string): Promise<string> {
  return toHex(await crypto.subtle.digest("SHA-256", fromHex(digits)));
}

/** Draws lots as the server does: the first 62 bits of HMAC-SHA256(seed, id) as 16 hex digits. */
export async function lotsBy(seed: string): Promise<(id: string) => Promise<string>> {
  const key = await crypto.subtle.importKey("raw", fromHex(seed), { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  return async (id) => {
    const mac = await crypto.subtle.sign("HMAC", key, new TextEncoder().encode(id));
    return (new DataView(mac).getBigUint64(0) >> 2n).toString(16).padStart(16, "0");
  };
}

/** The text of `tickets` in the answer it came in: what the signature is over. */
export function signedPart(answer: string): string {
  const from = answer.indexOf('"tickets":');
  const to = answer.lastIndexOf('],"key":');
  if (from < 0 || to < from) throw new WireFault("list has no tickets to sign");
  return answer.slice(from + '"tickets":'.length, to + 1);
}

/** Whether an Ed25519 signature holds; null where this browser cannot tell. */
export async function signatureHolds(text: string, key: string, signature: string): Promise<boolean | null> {
  try {
    const imported = await crypto.subtle.importKey("raw", fromBase64(key), "Ed25519", false, ["verify"]);
    return await crypto.subtle.verify("Ed25519", imported, fromBase64(signature), new TextEncoder().encode(text));
  } catch {
    return null;
  }
}
