// Writes to a policy store until it is killed; says each number once it was acknowledged. Run by policy-store-kill.test.ts.
import { FileStore, hashOf } from '../../hostd/policy/store/file-store.ts';

const store = await FileStore.open(process.argv[2] ?? '');
/** Texts of different lengths, so that a part of one is never another. */
const textOf = (version: number): string => `# ${version}\n`.repeat(1 + ((version * 37) % 500));

for (;;) {
  const version = store.state.next;
  const text = textOf(version);
  await store.change((state) => {
    state.versions = state.versions.slice(-20);
    state.versions.push({
      ...{
        version,
        at: version,
        author: 'a',
        reason: '',
        base: state.live,
        source: null,
        fate: 'kept',
        forgets: [],
      },
      ...{ sha256: hashOf(text), bytes: text.length, rules: 0, groups: 0 },
    });
    state.live = version;
    state.next = version + 1;
    return { answer: null, text: { version, text } };
  });
  process.stdout.write(`${version}\n`);
}
