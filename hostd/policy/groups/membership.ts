// Who is in which group, and the mode that follows. Worked out anew for a VM whenever anything that criteria ask for
// has changed of it, and for all when another policy goes live.
import type { Workload } from '../../api/schema.ts';
import { type Mode, strictest } from '../../base/modes.ts';
import type { PolicyDocument } from '../document/schema.ts';
import { VM_PREFIX } from '../document/words.ts';
import { type Matcher, type MemberFacts, matcher } from '../match/matcher.ts';
import { isOfVms } from '../sections/groups.ts';

/** What the policy says of a VM. */
export type Placed = Pick<Workload, 'mode' | 'modeFrom' | 'groups'>;
/** A VM before the policy has spoken. */
export type Unplaced = Omit<Workload, keyof Placed>;

interface UserGroup {
  name: string;
  mode: Mode | undefined;
  matches: Matcher;
}

export class Membership {
  readonly #hostName: string;
  readonly #configuredMode: Mode;
  #groups: UserGroup[] = [];
  /** Modes given to built-in and automatic groups. */
  #given = new Map<string, Mode>();
  #defaultMode: Mode;
  /** By UUID, with the facts that it was worked out from. */
  readonly #placed = new Map<string, { key: string; placed: Placed }>();

  /** `defaultMode`: where no document says another one. */
  constructor(hostName: string, defaultMode: Mode) {
    this.#hostName = hostName;
    this.#configuredMode = defaultMode;
    this.#defaultMode = defaultMode;
  }

  get defaultMode(): Mode {
    return this.#defaultMode;
  }

  /** null: the host bears no mode. */
  get hostMode(): Mode | null {
    return this.#given.get('host') ?? null;
  }

  use(document: PolicyDocument): void {
    this.#defaultMode = document.defaultMode ?? this.#configuredMode;
    this.#groups = document.groups.flatMap(({ name, mode, match }) =>
      match ? [{ name, mode, matches: matcher(match) }] : [],
    );
    this.#given = new Map(
      document.groups.flatMap(({ name, mode, ...group }) =>
        mode && !group.match && isOfVms(group) ? [[name, mode]] : [],
      ),
    );
    this.#placed.clear();
  }

  place(workload: Unplaced): Placed {
    const facts = factsOf(workload, this.#hostName);
    const key = JSON.stringify(facts);
    const known = this.#placed.get(workload.id);
    if (known?.key === key) return known.placed;
    const placed = this.#place(facts, workload.name);
    this.#placed.set(workload.id, { key, placed });
    return placed;
  }

  /** VMs that are gone need no memory. */
  forgetOthers(ids: ReadonlySet<string>): void {
    for (const id of this.#placed.keys()) if (!ids.has(id)) this.#placed.delete(id);
  }

  #place(facts: MemberFacts, name: string): Placed {
    const own = `${VM_PREFIX}${name}`;
    const groups = this.#groups.filter(({ matches }) => matches(facts));
    const ownMode = this.#given.get(own);
    const bearing = [...groups, ...(ownMode ? [{ name: own, mode: ownMode }] : [])];
    const given = strictest(bearing.flatMap(({ mode }) => mode ?? []));
    return {
      mode: given ?? this.#defaultMode,
      modeFrom: bearing.find(({ mode }) => mode === given && given !== null)?.name ?? null,
      groups: [...groups.map((group) => group.name), own],
    };
  }
}

const present = (values: readonly (string | null | undefined)[]): string[] =>
  [...new Set(values.filter((value): value is string => typeof value === 'string'))].sort();

/** What criteria may ask for of a VM. */
export function factsOf(workload: Unplaced, hostName: string): MemberFacts {
  const { nics } = workload;
  return {
    name: [workload.name],
    uuid: [workload.id],
    title: present([workload.title]),
    tag: present(workload.tags),
    network: present(nics.map(({ network }) => network)),
    segment: present(nics.map(({ segment }) => segment)),
    host: [hostName],
    os: present([workload.os]),
    cidr: present(nics.flatMap(({ addresses }) => addresses.map(({ address }) => address))),
  };
}
