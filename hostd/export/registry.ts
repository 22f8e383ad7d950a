// Every export format. A new one is one file, one line here, and its place in EXPORT_FORMATS of the policy's section.
import type { Format } from './content.ts';
import { csv } from './formats/csv.ts';
import { json } from './formats/json.ts';
import { nftables } from './formats/nftables.ts';
import { nwfilter } from './formats/nwfilter.ts';
import { vmoat } from './formats/vmoat.ts';

export const formats: readonly Format[] = [vmoat, json, csv, nftables, nwfilter];
