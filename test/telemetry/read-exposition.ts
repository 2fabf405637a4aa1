/** Reads Prometheus's text format as strictly as it is described: what is written otherwise is an error. */

export interface ReadFamily {
  readonly type: string;
  readonly help: string;
  /** Values by suffix and labels, as they are written: `_bucket{le="1"}`. */
  readonly samples: Map<string, number>;
}

const SAMPLE =
  /^([a-zA-Z_:][\w:]*)((?:\{(?:[a-zA-Z_]\w*="(?:[^"\\\n]|\\["\\n])*",?)*\})?) (-?\d+(?:\.\d+)?(?:e[+-]?\d+)?|\+Inf|-Inf|NaN)$/;

export function readExposition(text: string): Map<string, ReadFamily> {
  const families = new Map<string, ReadFamily>();
  let help: string | undefined;
  let current: [name: string, family: ReadFamily] | undefined;
  if (!text.endsWith('\n')) throw new Error('the last line has no end');
  for (const line of text.slice(0, -1).split('\n')) {
    const [, kind, name = '', rest = ''] = /^# (HELP|TYPE) (\S+) (.+)$/.exec(line) ?? [];
    if (kind === 'HELP') help = rest;
    else if (kind === 'TYPE') {
      if (help === undefined || families.has(name)) throw new Error(`no help, or twice: ${line}`);
      current = [name, { type: rest, help, samples: new Map() }];
      families.set(...current);
      help = undefined;
    } else {
      const [, sample = '', labels = '', value = ''] = SAMPLE.exec(line) ?? [];
      if (current === undefined || !sample.startsWith(current[0])) throw new Error(`out of place: ${line}`);
      const suffix = sample.slice(current[0].length);
      const allowed = current[1].type === 'histogram' ? ['_bucket', '_sum', '_count'] : [''];
      if (!allowed.includes(suffix)) throw new Error(`out of place: ${line}`);
      if (current[1].samples.has(suffix + labels)) throw new Error(`twice: ${line}`);
      current[1].samples.set(suffix + labels, Number(value.replace('Inf', 'Infinity')));
    }
  }
  return families;
}

/** The only value of a metric, or the one with these labels. */
export function sampleOf(text: string, name: string, labels = ''): number | undefined {
  return readExposition(text).get(name)?.samples.get(labels);
}
