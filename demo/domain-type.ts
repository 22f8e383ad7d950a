// Whether guests can run under KVM here: tried with a real boot, since a device node proves nothing.
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DomainType } from './domain-xml.ts';
import { writeInitramfs } from './image/initramfs.ts';
import type { Kernel } from './image/kernel.ts';

const BOOT_WITHIN_MS = 8000;
const SIGN = 'vmoat: this guest boots';

/** Remembered in `folder` until the next boot of this host. */
export async function domainType(folder: string, kernel: Kernel): Promise<DomainType> {
  const memory = join(folder, 'domain-type');
  const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  const [rememberedBoot, remembered] = existsSync(memory) ? readFileSync(memory, 'utf8').split(' ') : [];
  if (rememberedBoot === boot && (remembered === 'kvm' || remembered === 'qemu')) return remembered;
  const type = existsSync('/dev/kvm') && (await bootsUnderKvm(folder, kernel)) ? 'kvm' : 'qemu';
  writeFileSync(memory, `${boot} ${type}`);
  return type;
}

async function bootsUnderKvm(folder: string, kernel: Kernel): Promise<boolean> {
  const initramfs = join(folder, 'trial.gz');
  await writeInitramfs(initramfs, { kernel, modules: [], init: `echo '${SIGN}'; poweroff -f` });
  const machine =
    '-machine pc,accel=kvm -cpu host -m 128 -nodefaults -no-user-config -display none -serial stdio -no-reboot';
  const guest = ['-kernel', kernel.image, '-initrd', initramfs, '-append', 'console=ttyS0 panic=-1'];
  return printsSign(
    spawn('qemu-system-x86_64', [...machine.split(' '), ...guest], { stdio: ['ignore', 'pipe', 'ignore'] }),
  );
}

function printsSign(qemu: ReturnType<typeof spawn>): Promise<boolean> {
  return new Promise((resolve) => {
    let printed = '';
    const done = (boots: boolean): void => {
      clearTimeout(timer);
      qemu.kill('SIGKILL');
      resolve(boots);
    };
    const timer = setTimeout(() => done(false), BOOT_WITHIN_MS);
    qemu.on('error', () => done(false));
    qemu.on('exit', () => done(printed.includes(SIGN)));
    qemu.stdout?.on('data', (chunk: Buffer) => {
      printed = (printed + chunk.toString('latin1')).slice(-4096);
      if (printed.includes(SIGN)) done(true);
    });
  });
}
