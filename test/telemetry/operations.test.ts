/** The Grafana dashboard and the alert rules that come with the package: whole, and about metrics that there are. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import t from 'tap';
import { SharedCache } from '../../shards/index.js';
import { ConcurrencyLimit } from '../../src/limits/concurrency.js';
import { METRICS, readMetrics } from '../../src/telemetry/metrics.js';
import { ProcessState } from '../../src/telemetry/process-state.js';

const DASHBOARD = 'src/telemetry/grafana-dashboard.json';
const ALERTS = 'src/telemetry/alerts.yaml';

const limit = ConcurrencyLimit.create({ concurrencyLimit: 1, backlogLimit: 0, workers: 1 });
const families = readMetrics({
  map: SharedCache.create({ maxMemory: 1024 * 1024 }),
  state: ProcessState.create(1),
  limit: ConcurrencyLimit.attach(limit, 0),
  worker: 0,
  store: 'redis',
});

/** Names as they are in samples. */
const SAMPLES = new Set(
  families.flatMap(({ name, samples }) => samples.map(({ suffix = '' }) => name + suffix)),
);

/** What Prometheus itself adds, and what the metrics have. */
const LABELS = new Set([
  ...['job', 'instance'],
  ...families.flatMap(({ samples }) => samples.flatMap(({ labels = {} }) => Object.keys(labels))),
]);

function metricsOf(expression: string): string[] {
  return expression.match(/\b(?:hotshard|process|nodejs)_\w+/g) ?? [];
}

function labelsOf(expression: string): string[] {
  const grouped = [...expression.matchAll(/\b(?:by|on|without)\s*\(([^)]*)\)/g)].flatMap(([, list = '']) =>
    list.split(',').map((label) => label.trim()),
  );
  const matched = [...expression.matchAll(/(\w+)\s*=?[=~!]~?"/g)].map(([, label = '']) => label);
  return [...grouped, ...matched];
}

interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly datasource?: { type: string; uid: string };
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly targets?: readonly {
    readonly refId: string;
    readonly expr: string;
    readonly datasource: object;
  }[];
}

t.test('the dashboard', async (t) => {
  const dashboard = JSON.parse(readFileSync(DASHBOARD, 'utf8'));
  t.match(dashboard, { title: 'hotshard', uid: 'hotshard', schemaVersion: Number, id: null });
  const [source, ...variables] = dashboard.templating.list;
  t.match(source, { name: 'datasource', type: 'datasource', query: 'prometheus' });
  const panels = dashboard.panels as Panel[];
  t.equal(new Set(panels.map(({ id }) => id)).size, panels.length, 'panels have ids of their own');
  const cells = new Set<string>();
  for (const { type, title, datasource, gridPos, targets = [] } of panels) {
    t.ok(gridPos.x >= 0 && gridPos.x + gridPos.w <= 24, `${title} is in the grid`);
    for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++) {
      for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
        if (cells.has(`${x} ${y}`)) t.fail(`${title} lies over another panel`);
        cells.add(`${x} ${y}`);
      }
    }
    if (type === 'row') continue;
    t.match(datasource, { type: 'prometheus', uid: `$\{datasource}` }, `${title}: the chosen data source`);
    t.ok(targets.length > 0, title);
  }
  const expressions = [
    ...panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr)),
    ...variables.map(({ definition }: { definition: string }) => definition),
  ];
  for (const expression of expressions) {
    const metrics = metricsOf(expression);
    t.ok(metrics.length > 0, expression);
    t.strictSame(
      metrics.filter((name) => !SAMPLES.has(name)),
      [],
      expression,
    );
    t.strictSame(
      labelsOf(expression).filter((label) => !LABELS.has(label)),
      [],
      expression,
    );
  }
  const shown = new Set(expressions.flatMap(metricsOf).map((name) => name.replace(/_bucket$/, '')));
  const own = METRICS.map(({ name }) => name).filter((name) => name.startsWith('hotshard_'));
  t.strictSame(
    own.filter((name) => !shown.has(name)),
    ['hotshard_backlog_max', 'hotshard_workers', 'hotshard_eventloop_stalls_total'],
    'it shows all of hotshard but these',
  );
});

t.test('the alert rules', async (t) => {
  const text = readFileSync(ALERTS, 'utf8');
  t.notMatch(text, /\t/);
  const rules = text.split(/^ {6}- alert: /m).slice(1);
  t.ok(rules.length > 5);
  const names = rules.map((rule) => rule.split('\n', 1)[0]);
  t.equal(new Set(names).size, names.length, 'each has a name of its own');
  for (const rule of rules) {
    const [, expression = ''] = /^ {8}expr: (?:>-\n)?([\s\S]*?)\n {8}\w/m.exec(rule) ?? [];
    const [name] = rule.split('\n', 1);
    t.match(rule, /^ {10}severity: (?:critical|warning|info)$/m, name);
    t.match(rule, /^ {10}summary: '.*\{\{ \$labels\.instance \}\}.*'$/m, name);
    t.match(rule, /^ {10}description: .+$/m, name);
    const metrics = metricsOf(expression);
    t.ok(metrics.length > 0, name);
    t.strictSame(
      metrics.filter((metric) => !SAMPLES.has(metric)),
      [],
      name,
    );
    t.strictSame(
      labelsOf(expression).filter((label) => !LABELS.has(label)),
      [],
      name,
    );
  }
  t.test(
    'as Prometheus reads them',
    { skip: hasPromtool() ? false : 'promtool is not installed' },
    async (t) => {
      t.match(execFileSync('promtool', ['check', 'rules', ALERTS], { encoding: 'utf8' }), /SUCCESS/);
    },
  );
});

function hasPromtool(): boolean {
  try {
    execFileSync('promtool', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
