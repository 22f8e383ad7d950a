// A download that goes on while protection comes and goes, and while vmoat's own processes end and start again.
import assert from 'node:assert/strict';
import { after, before, suite, type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Download } from './download.ts';
import { until, whyNoPrivateLibvirt } from './private-libvirt.ts';
import { ProtectRig, SERVER } from './protect-rig.ts';
import { ENFORCERS } from './vmoat-stack.ts';

const ROUNDS = 10;
/** What nobody disturbs shows how long an emulated guest says nothing by itself. */
const UNDISTURBED_MS = 10_000;
const HANGS_MS = 2000;
/** In which a hostd that has started says all that it has to say. */
const SETTLES_MS = 3000;
const POLICY = `version: vmoat/v1
groups:
  - { name: clients, match: [{ name: { prefix: client } }], mode: learn }
  - { name: servers, match: [{ name: { prefix: server } }], mode: learn }
rules:
  - { id: web, from: clients, to: servers, ports: [tcp/80], action: allow }
`;

for (const enforcer of ENFORCERS)
  suite(`a download under ${enforcer}`, { skip: whyNoPrivateLibvirt() ?? false, timeout: 600_000 }, () => {
    let rig: ProtectRig;
    let download: Download;
    before(async () => {
      rig = await ProtectRig.start({ enforcer });
      await rig.apply(POLICY);
      download = await Download.start(rig.stack.libvirt, rig.client, rig.server, SERVER);
    });
    after(() => rig?.stop());

    const mode = async (mode: 'learn' | 'protect'): Promise<void> => {
      for (const group of ['clients', 'servers']) await rig.stack.cli.run('mode', group, mode);
      const taps = await rig.taps();
      await (mode === 'protect' ? rig.inline(taps) : rig.plain(taps));
    };
    /** By tap and cause: where a stall is long they say whether frames were lost, and by what. */
    const causes = async () =>
      Object.fromEntries(
        (await rig.stack.cli.nics()).map(({ tap, protection }) => [tap, protection?.frames]),
      );
    /** Counts up whenever verdicts become void. */
    const generation = (): Promise<string> =>
      rig.stack.libvirt.run(
        'sh',
        '-c',
        'bpftool map lookup pinned /sys/fs/bpf/vmoat/*/maps/guards key 0 0 0 0',
      );
    /** As it is when nobody has news any more. */
    const settled = async (): Promise<string> => {
      for (let last = ''; ; ) {
        const now = await generation();
        if (now === last) return now;
        last = now;
        await sleep(SETTLES_MS);
      }
    };
    const undisturbed = async (): Promise<number> => {
      download.lap();
      await sleep(UNDISTURBED_MS);
      return download.lap();
    };

    test('nobody disturbs it, for comparison', async (context) => {
      stalled(context, 'in learn', await undisturbed());
      await mode('protect');
      stalled(context, 'into protect', download.lap());
      stalled(context, 'in protect', await undisturbed());
    });

    test(`${2 * ROUNDS} switches between learn and protect`, async (context) => {
      const [out, into]: [number[], number[]] = [[], []];
      for (let round = 0; round < ROUNDS; round++) {
        await mode('learn');
        out.push(download.lap());
        await mode('protect');
        into.push(download.lap());
      }
      stalled(context, 'out of protect', ...out);
      stalled(context, 'into protect', ...into);
    });

    for (const [program, signal] of [
      ['vmoat-hostd', 'SIGKILL'],
      ['vmoat-dp', 'SIGKILL'],
      ['vmoat-dp', 'SIGTERM'],
    ] as const)
      test(`${program} ends by ${signal}, and starts again`, async (context) => {
        download.lap();
        rig.stack.kill(program, signal);
        await sleep(500);
        await rig.stack.ready();
        await rig.inline(await rig.taps());
        stalled(context, `${program}, ${signal}`, download.lap());
        context.diagnostic(`frames so far: ${JSON.stringify(await causes())}`);
      });

    test('what was decided stays decided while hostd starts again', async () => {
      const before = await settled();
      rig.stack.kill('vmoat-hostd');
      await sleep(500);
      await rig.stack.ready();
      const policyIn = async () => (await rig.stack.cli.status()).policy.inForce !== null;
      await until('its policy is in force', policyIn);
      await sleep(SETTLES_MS);
      assert.equal(await settled(), before);
    });

    test('nothing of it is missing or wrong', async (context) => {
      const { sum, expected, megabytes } = await download.end();
      context.diagnostic(`${megabytes} MB`);
      assert.equal(sum, expected);
    });
  });

/** Promised are 200 ms. An emulated guest of a busy machine says nothing for as long by itself, and TCP waits for twice as
 * long after each try: only what hangs fails. */
function stalled(context: TestContext, what: string, ...stalls_ms: number[]): void {
  context.diagnostic(`${what}: longest stall ${Math.max(...stalls_ms)} ms (${stalls_ms.join(' ')})`);
  assert.ok(Math.max(...stalls_ms) < HANGS_MS, `${what}: a stall of ${Math.max(...stalls_ms)} ms`);
}
