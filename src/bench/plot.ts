/**
 * What a chart of a benchmark is: an SVG file that is drawn from the lines of CSV files, and from nothing else, so that
 * `npm run plots` draws it again without measuring again.
 *
 * A benchmark's plot.ts exports its charts:
 *
 *     export const PLOTS: readonly Plot[] = [
 *       { file: 'rate-guards.svg', csvs: ['rate-guards.csv'], draw: guardsChart },
 *     ];
 *
 *     function guardsChart(rows: readonly CsvRow[]): Chart {
 *       const points = measuresOf(rows, ['guard', 'rate'], MEASURES).map(({ measure, row, spread }) => ({
 *         ...{ measure, series: row.text('guard'), x: row.number('rate'), spread },
 *         isOwn: row.text('guard') === 'lock-free',
 *       }));
 *       return curves({ title, subtitle, x: { title: 'requests per second', scale: 'linear' }, y: { scale: 'log' }, points });
 *     }
 *
 * - csv-table.ts has the rows: `row.text`, `row.number`, `row.optionalNumber`; `grouped`; `measuresOf` for medians,
 *   minimum and maximum over the rounds.
 * - curves.ts draws sweeps (`curves`), bars.ts comparisons (`barChart`); both give a `Chart`. Other charts are a `Chart`
 *   with a vega-lite specification, in colours of theme.ts only.
 * - What a subtitle says (connections, keys, seconds) is in columns of the CSV file, the same in every line.
 * - The caption below names machine, Node.js, date and commit by itself, from the columns that `csvOf` adds.
 * - The program calls `drawPlots(PLOTS, csvFiles(…))` when it has measured, and one line in all-plots.ts has
 *   `npm run plots` know the charts.
 */
import { type CsvRow, readCsv } from './csv-table.js';
import { type Chart, drawSvg } from './svg.js';

export interface Plot {
  readonly file: `${string}.svg`;
  /** It is drawn from those of them that there are, and not at all without any. */
  readonly csvs: readonly `${string}.csv`[];
  readonly draw: (rows: readonly CsvRow[]) => Chart;
}

/**
 * @param csvs contents by name
 * @returns the drawings by name, of those plots of which there is a CSV file
 * @throws {Error} naming the CSV file that is wrong
 */
export async function drawPlots(
  plots: readonly Plot[],
  csvs: ReadonlyMap<string, string>,
): Promise<Map<string, string>> {
  const drawings = new Map<string, string>();
  for (const { file, csvs: names, draw } of plots) {
    const rows = names.flatMap((name) => {
      const content = csvs.get(name);
      return content === undefined ? [] : readCsv(name, content);
    });
    if (rows.length > 0) drawings.set(file, await drawSvg(draw(rows), captionOf(rows)));
  }
  return drawings;
}

/** More than one of each where files are of different runs. */
function captionOf(rows: readonly CsvRow[]): string {
  const all = (name: string, cut = Number.POSITIVE_INFINITY) =>
    [...new Set(rows.map((row) => row.text(name).slice(0, cut)))].join(' and ');
  const day = 'yyyy-mm-dd'.length;
  return `${all('cpu')} · Node ${all('node')} · commit ${all('commit')} · ${all('date', day)}`;
}
