/** Objects by name, for as long as somebody else holds them. */

export class WeakValues<T extends object> {
  readonly #references = new Map<string, WeakRef<T>>();
  readonly #collected = new FinalizationRegistry<string>((name) => {
    if (this.get(name) === undefined) this.#references.delete(name);
  });

  get(name: string): T | undefined {
    return this.#references.get(name)?.deref();
  }

  /** @returns the value */
  add(name: string, value: T): T {
    this.#references.set(name, new WeakRef(value));
    this.#collected.register(value, name);
    return value;
  }
}
