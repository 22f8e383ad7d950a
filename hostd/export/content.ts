// What an export is made of, before a format writes it.
import type { PolicyTables } from '../../dp/contract/policy.ts';
import type { Flow, Graph, Violation } from '../api/schema.ts';
import type { PolicyDocument } from '../policy/document/schema.ts';
import type { ExportWhat } from '../policy/sections/exports.ts';

/** The policy as it is in force. */
export interface PolicyContent {
  /** null: nobody has applied any yet */
  version: number | null;
  text: string;
  document: PolicyDocument;
  tables: PolicyTables;
  /** Of NICs that have any, by the NIC's id. */
  addresses: ReadonlyMap<string, readonly string[]>;
}

/** A group and who is in it. */
export interface GroupContent {
  name: string;
  mode: string | null;
  /** VMs; null for groups of other ends. */
  members: string[] | null;
  addresses: string[];
  fqdn: string[];
}

export interface Contents {
  policy: PolicyContent;
  rules: PolicyDocument['rules'];
  groups: GroupContent[];
  violations: Violation[];
  graph: Graph;
  /** Newest first. */
  flows: AsyncIterable<Flow>;
}

export type Content = { [W in ExportWhat]: { what: W; content: Contents[W] } }[ExportWhat];

/** Something that the format cannot express, and what the file says instead. */
export interface Unexpressed {
  /** The rule, group or whatever it is. */
  item: string;
  why: string;
}

/** A file as a format writes it: its parts in order, and what it cannot express, complete once all parts were read. */
export interface Written {
  extension: string;
  parts: Iterable<string> | AsyncIterable<string>;
  unexpressed: Unexpressed[];
}

export interface Format {
  name: string;
  /** The content is one that EXPORT_FORMATS has for it. */
  write: (content: Content, about: About) => Written;
}

/** For headers of files. */
export interface About {
  host: string;
  at: string;
}
