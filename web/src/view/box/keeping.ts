// What the door keeps on this device, so that it goes on without a connection and after a reload: in IndexedDB.
import type { DoorList } from "../../wire/door";
import type { Waiting } from "../../state/door";

/** What is kept of one concert. */
export interface Kept {
  readonly list: DoorList;
  /** Who was let in here, by the hash of the code. */
  readonly inside: readonly (readonly [string, number])[];
  readonly waiting: readonly Waiting[];
}

const NAME = "foyer-door";
const SHELF = "doors";

/** Opens the shelf. */
function open(): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(NAME, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(SHELF);
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

/** Runs one request on the shelf. */
async function onShelf<T>(mode: IDBTransactionMode, ask: (shelf: IDBObjectStore) => IDBRequest<T>): Promise<T> {
  const database = await open();
  try {
    return await new Promise((resolve, reject) => {
      const step = database.transaction(SHELF, mode);
      const request = ask(step.objectStore(SHELF));
      step.oncomplete = () => resolve(request.result);
      step.onerror = step.onabort = () => reject(step.error);
    });
  } finally {
    database.close();
  }
}

/** What is kept of a concert; undefined: nothing, or this browser keeps nothing. */
export async function recall(concertId: string): Promise<Kept | undefined> {
  return onShelf<Kept | undefined>("readonly", (shelf) => shelf.get(concertId)).catch(() => undefined);
}

/** Keeps it. */
export async function keep(concertId: string, kept: Kept): Promise<void> {
  await onShelf("readwrite", (shelf) => shelf.put(kept, concertId));
}
