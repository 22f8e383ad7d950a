// Users by name, from /etc/passwd.
import { readFileSync } from 'node:fs';

export interface Account {
  uid: number;
  gid: number;
}

/** Accounts of names or uids; who does not exist is left out. A uid without an entry stands for itself. */
export function findAccounts(
  users: string[],
  passwd: string = readFileSync('/etc/passwd', 'utf8'),
): Account[] {
  const entries = passwd.split('\n').map((line) => line.split(':'));
  return users.flatMap((user) => {
    const entry = entries.find(([name, , uid]) => name === user || uid === user);
    if (entry) return [{ uid: Number(entry[2]), gid: Number(entry[3]) }];
    return /^\d+$/.test(user) ? [{ uid: Number(user), gid: Number(user) }] : [];
  });
}
