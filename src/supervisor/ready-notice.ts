/**
 * Tells a service manager (systemd, `Type=notify`) that the server is ready, and that it stops. Its socket takes
 * datagrams, which Node.js can't send to a path: `systemd-notify`, which comes with systemd, does it.
 */
import { spawn } from 'node:child_process';
import type { Logger } from 'pino';

const STATES = { serving: 'READY=1', draining: 'STOPPING=1' } as const;

export class ReadyNotice {
  readonly #logger: Logger;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** Tells of a phase, without waiting for it. Where no service manager asked for it nothing is done. */
  tell(phase: keyof typeof STATES): void {
    if (!process.env.NOTIFY_SOCKET) return;
    const child = spawn('systemd-notify', [STATES[phase]], { stdio: 'ignore' });
    child.on('error', (error) => this.#failed(phase, error.message));
    child.on('exit', (code) => {
      if (code !== 0) this.#failed(phase, `exit code ${code}`);
    });
    child.unref();
  }

  #failed(phase: string, reason: string): void {
    this.#logger.warn({ phase, reason }, 'systemd-notify failed: the service manager does not know');
  }
}
