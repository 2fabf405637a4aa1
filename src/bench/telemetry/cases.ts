/**
 * What telemetry does for a request, each in a loop of its own; the loop alone; and other ways to write a counter that any
 * thread can read. What a loop returns keeps it from being optimised away.
 */
import { CommandStats } from '../../telemetry/command-stats.js';
import { ProcessState } from '../../telemetry/process-state.js';
import { seriesOf } from '../../telemetry/requests.js';

export interface Case {
  readonly name: string;
  readonly run: (times: number) => number;
}

/** The one that the others are compared to. */
export const EMPTY = 'empty loop';

const FOUND = seriesOf('http1', 'get', '2xx');
/** Milliseconds that a request is said to have taken. */
const TIME = 0.02;

/** A cache line of counters, as workers have rows of them. */
const MASK = 7;

export function cases(): Case[] {
  const state = ProcessState.create(1);
  const { requests } = state;
  const commands = CommandStats.create(1);
  return [
    {
      name: EMPTY,
      run: (times) => {
        let sum = 0;
        for (let i = 0; i < times; i++) sum += i & MASK;
        return sum;
      },
    },
    {
      name: 'request, counted',
      run: (times) => {
        let sum = 0;
        for (let i = 0; i < times; i++) {
          sum += i & MASK;
          state.count(0, 'requests');
          requests.served(0, FOUND);
          requests.took(0, 'http1', 1, TIME);
        }
        return sum;
      },
    },
    {
      name: 'request, counted and timed',
      run: (times) => {
        let sum = 0;
        for (let i = 0; i < times; i++) {
          const began = performance.now();
          sum += i & MASK;
          state.count(0, 'requests');
          requests.served(0, FOUND);
          requests.took(0, 'http1', 1, performance.now() - began);
        }
        return sum;
      },
    },
    {
      name: 'command of the Redis protocol, counted',
      run: (times) => {
        let sum = 0;
        for (let i = 0; i < times; i++) {
          sum += i & MASK;
          commands.count(0, i & MASK, 1, 1);
        }
        return sum;
      },
    },
    {
      name: 'one counter',
      run: (times) => {
        let sum = 0;
        for (let i = 0; i < times; i++) {
          sum += i & MASK;
          state.count(0, 'fetches');
        }
        return sum;
      },
    },
    {
      name: 'instead: Atomics.add of 32 bits',
      run: (times) => {
        const cells = new Int32Array(new SharedArrayBuffer(64));
        for (let i = 0; i < times; i++) Atomics.add(cells, i & MASK, 1);
        return cells[0];
      },
    },
    {
      name: 'instead: Atomics.add of 64 bits',
      run: (times) => {
        const cells = new BigInt64Array(new SharedArrayBuffer(64));
        for (let i = 0; i < times; i++) Atomics.add(cells, i & MASK, BigInt(1));
        return Number(cells[0]);
      },
    },
    {
      name: 'instead: plain Float64Array, which may tear',
      run: (times) => {
        const cells = new Float64Array(new SharedArrayBuffer(64));
        for (let i = 0; i < times; i++) cells[i & MASK] += 1;
        return cells[0];
      },
    },
  ];
}
