/** The death of one worker takes the port from nobody, and the worker is replaced. */
import t from 'tap';
import { codeOf, everyWorkerAnswers, get, SETUPS, startProgram } from './fixtures/harness.js';

const WAYS_TO_DIE = [
  { way: 'an uncaught exception', path: '/throw' },
  { way: 'process.exit in the worker', path: '/exit' },
];

for (const setup of SETUPS) {
  t.test(setup.name, async (t) => {
    for (const { way, path } of WAYS_TO_DIE) {
      t.test(`after ${way} the others serve on and the worker is replaced`, async (t) => {
        const program = startProgram(t, setup);
        const url = await program.url();
        await everyWorkerAnswers(url, 2);

        t.equal(await codeOf(get(url + path)), 'ECONNRESET', 'the connection ends with its worker');
        const death = await program.logged('worker died');
        for (let i = 0; i < 50; i++) await get(url);
        t.pass('new connections are answered all the time');

        const reports = await everyWorkerAnswers(url, 2);
        const restarts = reports.map(({ rows }) => rows.restarts);
        t.strictSame(restarts[Number(death.worker)], 1, 'the restart is counted in its row');
        t.equal(restarts[1 - Number(death.worker)], 0, 'and in no other');
        t.strictSame(
          reports.map(({ rows }) => rows.openConnections),
          [1, 1],
          'connections of the dead worker are no longer counted',
        );
        program.kill('SIGTERM');
        t.equal(await program.ended, 0);
        t.strictSame(program.noise, []);
      });
    }

    t.test('a worker that closes its listener leaves the port to the others', async (t) => {
      const program = startProgram(t, setup, { config: { fastLane: false } });
      const url = await program.url();
      await everyWorkerAnswers(url, 2);
      t.equal((await get(`${url}/close`)).body, 'closing');
      for (let i = 0; i < 50; i++) await get(url);
      t.pass('new connections are answered');
    });

    t.test('the only worker dies: it is replaced on the same port', async (t) => {
      const program = startProgram(t, setup, { config: { workers: 1 } });
      const url = await program.url();
      await codeOf(get(`${url}/throw`));
      await program.logged('worker died');
      while ((await codeOf(get(url))) !== undefined);
      const [report] = await everyWorkerAnswers(url, 1);
      t.equal(report?.rows.restarts, 1);
    });

    t.test('workers that die again and again end the program with exit code 1', async (t) => {
      const restarts = { firstDelay: 1, longestDelay: 10, healthyAfter: 60_000, mostInARow: 3 };
      const program = startProgram(t, setup, { config: { workers: 1 }, restarts });
      const url = await program.url();
      let running = true;
      void program.ended.then(() => {
        running = false;
      });
      while (running) await codeOf(get(`${url}/throw`));
      t.equal(await program.ended, 1);
      const line = await program.logged('worker dies again and again: giving up');
      t.match(line, { level: 60, worker: 0, deaths: 3, err: { message: 'thrown on purpose' } });
      t.equal(
        program.log.filter(({ msg }) => msg.startsWith('worker died')).length,
        2,
        'after two replacements',
      );
    });

    t.test('a worker that can not start at all ends the start with its error', async (t) => {
      const program = startProgram(t, setup, { config: { load: 'fail at start' } });
      t.equal(await program.ended, 1);
      t.match(await program.logged('could not start'), {
        err: { code: 'EFIXTURE', message: 'can not start' },
      });
    });
  });
}
