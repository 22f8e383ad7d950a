// Run by watch.test.ts as an unprivileged user: prints which calls did not end as expected.
import { LibvirtError, systemBus } from '../../libvirt-watch/index.ts';

const nothing = { onSignal: () => undefined, onOwner: () => undefined, onClosed: () => undefined };
const root = { path: '/org/libvirt/QEMU', interface: 'org.libvirt.Connect' };

async function main(): Promise<void> {
  const session = await systemBus().connect(nothing);
  const [paths] = await session.call({ ...root, member: 'ListDomains', signature: 'u', body: [0] });
  const path = String((paths as string[])[0]);
  const domain = { path, interface: 'org.libvirt.Domain' };
  for (const [member, expected] of JSON.parse(process.env.CALLS ?? '[]') as [string, string][]) {
    const text = member === 'DomainDefineXML';
    const target = member === 'ListDomains' || text ? root : domain;
    const call = { ...target, member, signature: text ? 's' : 'u', body: [text ? '<domain/>' : 0] };
    const outcome = await session.call(call).then(
      () => 'read',
      (error: unknown) => (error instanceof LibvirtError ? error.code : String(error)),
    );
    if (outcome !== expected) console.log(`${member}: ${outcome}, not ${expected}`);
  }
  session.close();
}

await main();
