// Asks the evaluator whether it takes a policy's tables, before they go live.
import { type Addon, compilePolicy, loadAddon, type PolicyError } from '../../dp/client/index.ts';
import type { PolicyTables } from '../../dp/contract/policy.ts';
import { messageOf, VmoatError } from '../base/errors.ts';
import { renderProblem } from '../base/text-problem.ts';
import type { ReadPolicy } from './document/parse.ts';

/** `applications`: names by number as vmoat-dp has them, the operator's included; undefined while it is not connected. */
export class Compiler {
  readonly #applications: () => readonly string[] | undefined;
  #addon: Addon | null | undefined;

  /** `lost` hears why policies are not asked about, once. */
  constructor(applications: () => readonly string[] | undefined, lost: (reason: string) => void) {
    this.#applications = applications;
    try {
      this.#addon = loadAddon();
    } catch (thrown) {
      this.#addon = null;
      lost(messageOf(thrown));
    }
  }

  /** Throws `policy_bad_value` with the line of the rule at fault. */
  check(tables: PolicyTables, policy: ReadPolicy): void {
    if (!this.#addon) return;
    const applications = this.#applications();
    // Whether an application exists can only be said while vmoat-dp is there to name its own and the operator's.
    const rules = applications
      ? tables.rules
      : tables.rules.map(({ continuous: _, ...rule }) => ({ ...rule, applications: [] }));
    try {
      compilePolicy({ ...tables, rules }, { addon: this.#addon, ...(applications && { applications }) });
    } catch (thrown) {
      throw refused(thrown as PolicyError, tables, policy);
    }
  }
}

function refused(error: PolicyError, tables: PolicyTables, { document, places }: ReadPolicy): VmoatError {
  const [, section = '', at = '0', rest = ''] = /^(\w+)\[(\d+)\](.*)$/.exec(error.field ?? '') ?? [];
  const name = section === 'rules' ? tables.rules[Number(at)]?.id : tables.groups[Number(at)]?.name;
  const index =
    section === 'rules'
      ? document.rules.findIndex(({ id }) => id === name)
      : document.groups.findIndex((group) => group.name === name);
  const path = [section, index, ...rest.split(/[.[\]]+/).filter(Boolean)].map((step) =>
    /^\d+$/.test(String(step)) ? Number(step) : step,
  );
  const place = places.of(index < 0 ? [] : path);
  const message = renderProblem({
    code: 'policy_bad_value',
    ...place,
    message: `\`${place.field}\` ${error.message}`,
  });
  return new VmoatError('policy_bad_value', message, { field: place.field, cause: error });
}
