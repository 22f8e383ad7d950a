// `npm start`: vmoat on this host's own VMs, until Ctrl-C; then nothing of it is left on the host.
import { parseArgs } from 'node:util';
import { SetupFailure } from './failure.mjs';
import { closeBus, makeInstance, openBus, programs, requireNoOther, restore } from './instance.mjs';
import { say } from './progress.mjs';
import { ready, welcome } from './ready.mjs';
import { Supervisor } from './supervise.mjs';

const USAGE = `Usage: npm start [-- --listen ADDRESS:PORT]

vmoat on this host's own VMs: every NIC is watched, nothing is changed. State, sockets and logs are in ./var.
Ctrl-C ends it and takes everything of it off the host.
`;

/** @param {string[]} args @returns {Promise<number>} exit code */
export async function start(args) {
  const { values } = options(args);
  if (values.help) return process.stdout.write(USAGE) && 0;
  requireNoOther('the demo', 'demo/supervisor.mjs', 'end it with npm run demo -- --stop');
  requireNoOther('npm start', 'run.mjs', 'end it with Ctrl-C there');
  const instance = makeInstance('vmoat-start', values.listen);
  openBus(instance);
  const supervisor = new Supervisor(programs(instance, []), instance.supervisor);
  supervisor.onEnd = (name, how) =>
    say(`${name} ended (${how}), starting it again; its log is in ${instance.folder}/log`);
  const ended = signal();
  supervisor.start();
  try {
    await Promise.race([ready(instance), ended]);
    process.stdout.write(await welcome(instance));
    await ended;
  } finally {
    say('stopping');
    if ((await supervisor.stop()).includes('vmoat-dp')) restore(instance);
    closeBus(instance);
  }
  return 0;
}

function options(args) {
  try {
    return parseArgs({
      args,
      options: {
        listen: { type: 'string', default: '127.0.0.1:8443' },
        help: { type: 'boolean', default: false },
      },
    });
  } catch (error) {
    throw new SetupFailure(error.message, { hint: USAGE });
  }
}

const signal = () =>
  new Promise((resolve) => {
    for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(name, resolve);
  });
