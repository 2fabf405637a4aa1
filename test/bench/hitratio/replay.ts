/** Plays short traces, written as texts of one letter per request, to policies. */
import { POLICIES, type PolicyName } from '../../../src/bench/hitratio/policies/index.js';
import { traceOf } from '../../../src/bench/hitratio/trace.js';

/**
 * @param sizes by letter; absent: 1 each
 * @returns a character per request: `h` for a hit, `.` for a miss
 */
export function replay(
  name: PolicyName,
  capacity: number,
  requests: string,
  sizes: Readonly<Record<string, number>> = {},
): string {
  const letters = [...new Set(requests)];
  const trace = traceOf(
    name,
    Array.from(requests, (letter) => letters.indexOf(letter)),
  );
  const workload = {
    requests: trace.requests,
    sizes: Uint32Array.from(letters, (letter) => sizes[letter] ?? 1),
  };
  const policy = new POLICIES[name](workload, capacity);
  return Array.from(trace.requests, (id) => (policy.access(id) ? 'h' : '.')).join('');
}

export function hitsOf(name: PolicyName, capacity: number, requests: string): number {
  return replay(name, capacity, requests).replaceAll('.', '').length;
}
