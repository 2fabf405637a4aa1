/** What a policy of eviction is to the simulation: something that is asked for keys and holds some of them. */

/** What a policy works on. */
export interface Workload {
  /** Ids in the order they are asked for. */
  readonly requests: Uint32Array;
  /** What each id takes of the capacity: 1 where entries are counted, else bytes. Its length is the number of ids. */
  readonly sizes: Uint32Array;
}

export interface Policy {
  /**
   * Asks for the next request's id. On a miss the entry is brought in, and others are evicted for it; one that is
   * larger than the whole capacity is not kept.
   *
   * @returns whether it was held: a hit
   */
  access(id: number): boolean;
}

/** @param capacity in the unit of the workload's sizes */
export type PolicyConstructor = new (workload: Workload, capacity: number) => Policy;
