// `npm run demo`: guests that talk to each other, watched by vmoat; `--stop` takes all of it down again.
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { SetupFailure } from '../setup/failure.mjs';
import {
  closeBus,
  type Instance,
  makeInstance,
  openBus,
  requireNoOther,
  restore,
} from '../setup/instance.mjs';
import { requireRoot } from '../setup/packages.mjs';
import { say, step } from '../setup/progress.mjs';
import { ready, welcome } from '../setup/ready.mjs';
import { domainType } from './domain-type.ts';
import { foreignTaps } from './foreign-taps.ts';
import { rememberForwarding, restoreForwarding } from './forwarding.ts';
import { guestsReady, removeAll, startGuests, startNetworks } from './guests.ts';
import { imageFolder } from './image/place.ts';
import { guestImage } from './image/root-image.ts';
import { demoPid, startSupervisor, stopSupervisor } from './processes.ts';

const CLIENTS_BEGIN_MS = 3000;
const LISTEN = '127.0.0.1:8443';
const USAGE = `Usage: npm run demo [-- OPTIONS]

  --listen ADDRESS:PORT  where the dashboard listens (${LISTEN})
  --stop                 take the demo down: guests, networks, vmoat
  --help                 this

Makes only libvirt domains and networks called vmoat-demo-*; keeps its guests' image in .cache/demo.
`;

async function start(listen: string): Promise<void> {
  requireNoOther('npm start', 'run.mjs', 'end it with Ctrl-C');
  const folder = imageFolder();
  const image = await guestImage(folder, (what: string) => say(`  ${what}`));
  rememberForwarding(folder);
  const type = await step('trying KVM', () => domainType(folder, image.kernel));
  await step('starting the networks', startNetworks);
  await step(`starting the guests (${type === 'kvm' ? 'KVM' : 'no KVM here: emulated'})`, async () => {
    const late = await guestsReady(await startGuests(type, image, folder), folder);
    // Their clients' first connections are then older than vmoat, as a real host's are.
    await sleep(late.length > 0 ? 0 : CLIENTS_BEGIN_MS);
    if (late.length > 0) say(`  still booting: ${late.join(' ')}; what they print is in ${folder}/console`);
  });
  const instance = makeInstance('vmoat-demo', listen);
  await step('starting vmoat', () => startVmoat(instance));
  process.stdout.write(`${await welcome(instance)}${FIRST_COMMANDS}`);
}

/** A running one goes on, unless it was told to listen elsewhere. */
async function startVmoat(instance: Instance): Promise<void> {
  openBus(instance);
  await stopSupervisor(instance.supervisor);
  const ignored = (await foreignTaps()).flatMap((tap) => ['--ignore', tap]);
  startSupervisor(instance, ignored);
  await ready(instance);
}

const FIRST_COMMANDS = `
  Try          npx vmoat vm list
               npx vmoat graph
               npx vmoat flows -f
               virsh attach-interface vmoat-demo-buyer network vmoat-demo-nat --model virtio
               npm run demo -- --stop

  Protect      npx vmoat policy recommend --accept         what was seen becomes rules
               npx vmoat mode vm.vmoat-demo-redis protect  only web may, from now on
               virsh console vmoat-demo-client --devname console1
                 redis-cli -h 10.0.0.20 ping               is refused: it never asked in learn; Ctrl-] leaves
               npx vmoat explain --from vmoat-demo-client --to vmoat-demo-redis --port tcp/6379
               npx vmoat mode vm.vmoat-demo-redis learn    and back
`;

async function stop(): Promise<void> {
  const instance = makeInstance('vmoat-demo', LISTEN);
  const ran = demoPid(instance.supervisor) !== null;
  await step('stopping vmoat', async () => {
    if (!(await stopSupervisor(instance.supervisor)) || !ran) restore(instance);
    closeBus(instance);
  });
  await step('removing the guests and networks', removeAll);
  await restoreForwarding(imageFolder());
}

function options() {
  try {
    return parseArgs({
      options: {
        listen: { type: 'string', default: LISTEN },
        stop: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    }).values;
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : error}\n\n${USAGE}`);
    process.exit(2);
  }
}

async function main(): Promise<void> {
  const { listen, stop: stopping, help } = options();
  if (help) return void process.stdout.write(USAGE);
  requireRoot('the demo');
  await (stopping ? stop() : start(listen));
}

main().catch((error: unknown) => {
  if (!(error instanceof SetupFailure)) throw error;
  say(`failed: ${error.message}`);
  if (error.hint) say(`what to do: ${error.hint}`);
  process.exitCode = 1;
});
