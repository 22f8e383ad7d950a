// nft's table of the taps that libvirt's hook has guarded (packaging/deb/libvirt-hook): read, and emptied.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const exec = promisify(execFile);
const NFT = '/usr/sbin/nft';
const TABLE = 'netdev vmoat_guard';
const TIMEOUT_MS = 5_000;
/** The hook makes `of.TAP` and `to.TAP`; no other name is touched. */
const CHAIN = /^(?:of|to)\.([A-Za-z0-9_.-]{1,15})$/;

export interface GuardTable {
  /** The chains that guard a tap, by tap; none where nobody is guarded, or nft is not installed. */
  read(): Promise<Map<string, string[]>>;
  deleteChains(chains: readonly string[]): Promise<void>;
  /** Every guard at once. */
  remove(): Promise<void>;
}

interface Listed {
  nftables: { chain?: { table: string; name: string } }[];
}

/** Its methods reject with what nft says. */
export const guardTable: GuardTable = {
  read: async () => {
    const { nftables } = JSON.parse(
      (await nft('-j', 'list', 'chains', 'netdev')) || '{"nftables":[]}',
    ) as Listed;
    const names = nftables.flatMap(({ chain }) => (chain?.table === 'vmoat_guard' ? [chain.name] : []));
    return byTap(names);
  },
  deleteChains: async (chains) => {
    await nft(chains.map((chain) => `delete chain ${TABLE} ${chain}`).join('; '));
  },
  remove: async () => {
    // one transaction that also succeeds where there is no such table
    await nft(`add table ${TABLE}; delete table ${TABLE}`);
  },
};

function byTap(names: readonly string[]): Map<string, string[]> {
  const chains = new Map<string, string[]>();
  for (const name of names) {
    const tap = CHAIN.exec(name)?.[1];
    if (tap) chains.set(tap, [...(chains.get(tap) ?? []), name]);
  }
  return chains;
}

/** Empty where nft is not installed: then the hook cannot have guarded anything either. */
async function nft(...args: string[]): Promise<string> {
  try {
    return (await exec(NFT, args, { timeout: TIMEOUT_MS, maxBuffer: 16 << 20 })).stdout;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw cause;
  }
}
