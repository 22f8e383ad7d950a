// Runs vmoat-dp and vmoat-hostd for the demo and starts each again when it dies. Its argument: JSON of an
// instance and of further arguments for vmoat-dp.
import { programs, restore } from '../setup/instance.mjs';
import { say } from '../setup/progress.mjs';
import { Supervisor } from '../setup/supervise.mjs';

const { instance, dpArgs } = JSON.parse(process.argv[2] ?? '{}');
const supervisor = new Supervisor(programs(instance, dpArgs), instance.supervisor);
supervisor.onEnd = (name, how) => say(`${name} ended (${how}), starting it again`);

async function end() {
  if ((await supervisor.stop()).includes('vmoat-dp')) restore(instance);
  process.exit(0);
}
for (const signal of ['SIGTERM', 'SIGINT']) process.once(signal, end);
process.on('SIGHUP', () => {});
supervisor.start();
