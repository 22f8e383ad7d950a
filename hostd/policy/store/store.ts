// What the policy asks of its store; files on this host now, a cluster's store later.
import type { PolicyState } from './state.ts';

export interface PolicyStore {
  /** The last state that was acknowledged; not to be changed. */
  readonly state: Readonly<PolicyState>;
  /** The text of a version; rejects with `policy_store_broken`. */
  text(version: number): Promise<string>;
  /**
   * Changes a copy of the state and resolves once it, and the text of a new version with it, is on disk; rejects, and
   * nothing has changed, where that fails. Changes run one after the other.
   */
  change<T>(change: (state: PolicyState) => { answer: T; text?: VersionText }): Promise<T>;
}

export interface VersionText {
  version: number;
  text: string;
}
