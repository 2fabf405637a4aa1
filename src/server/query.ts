/**
 * The query string of a request as it came. Hapi's `request.query` puts U+FFFD where bytes are not UTF-8, so a
 * key that is none would be taken for another one.
 */

/** The part of a request target between `?` and `#`; empty when there is none. */
export function rawQuery(target: string): string {
  const start = target.indexOf('?');
  if (start === -1) return '';
  const end = target.indexOf('#');
  if (end === -1) return target.slice(start + 1);
  return end < start ? '' : target.slice(start + 1, end);
}

/** All values of one parameter in order, not decoded. A parameter without `=` has an empty value. */
export function queryValues(target: string, name: string): string[] {
  const query = rawQuery(target);
  if (query === '') return [];
  const values: string[] = [];
  for (const pair of query.split('&')) {
    const equals = pair.indexOf('=');
    const rawName = equals === -1 ? pair : pair.slice(0, equals);
    if (pair !== '' && isNamed(rawName, name)) values.push(equals === -1 ? '' : pair.slice(equals + 1));
  }
  return values;
}

function isNamed(rawName: string, name: string): boolean {
  if (rawName === name) return true;
  if (!rawName.includes('%')) return false;
  try {
    return decodeURIComponent(rawName) === name;
  } catch {
    return false;
  }
}
