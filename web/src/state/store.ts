// The one place where the page's state lives. It is replaced, never changed in place; whoever shows it subscribes.

/** Holds a value and tells its listeners when it is another. The shape of `subscribe` is the one Svelte knows. */
export interface Store<T> {
  /** The value as it is. */
  get(): T;
  /** Replaces the value by what `change` makes of it; the same value again tells nobody. */
  update(change: (value: T) => T): void;
  /** Calls `listener` now and at every change, until the result is called. */
  subscribe(listener: (value: T) => void): () => void;
}

/** Makes a store. */
export function createStore<T>(first: T): Store<T> {
  let value = first;
  const listeners = new Set<(value: T) => void>();
  return {
    get: () => value,
    update(change) {
      const next = change(value);
      if (next === value) return;
      value = next;
      for (const listener of [...listeners]) listener(value);
    },
    subscribe(listener) {
      listeners.add(listener);
      listener(value);
      return () => listeners.delete(listener);
    },
  };
}
