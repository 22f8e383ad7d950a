// Addresses as numbers.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { contains, isBroadcast, isLinkLocal, isMulticast, parseAddress, parseSubnet } from './address.ts';

const address = (text: string) => parseAddress(text) ?? assert.fail(text);
const subnet = (text: string) => parseSubnet(text) ?? assert.fail(text);

test('parses what is an address and nothing else', () => {
  assert.deepEqual(address('10.0.0.1'), { family: 4, value: 0x0a000001n });
  assert.deepEqual(address('::'), { family: 6, value: 0n });
  assert.deepEqual(address('fd00::1:2'), { family: 6, value: (0xfdn << 120n) | 0x10002n });
  assert.deepEqual(address('1:2:3:4:5:6:7:8').value & 0xffffn, 8n);
  assert.deepEqual(address('::ffff:1.2.3.4').value, 0xffff01020304n);
  for (const text of ['', '10.0.0', '10.0.0.256', 'fe80::1%eth0', '1::2::3', 'x', '52:54:00:00:00:01'])
    assert.equal(parseAddress(text), null);
});

test('subnets', () => {
  assert.ok(contains(subnet('10.1.2.3/22'), address('10.1.3.255')));
  assert.ok(!contains(subnet('10.1.2.3/22'), address('10.1.4.0')));
  assert.ok(contains(subnet('0.0.0.0/0'), address('255.255.255.255')));
  assert.ok(!contains(subnet('::/0'), address('1.2.3.4')));
  assert.ok(contains(subnet('fd00::/64'), address('fd00::ffff:0:0:1')));
  for (const text of ['10.0.0.0', '10.0.0.0/33', '10.0.0.0/x', 'x/8']) assert.equal(parseSubnet(text), null);
});

test('multicast, link-local, broadcast', () => {
  assert.ok(isMulticast(address('239.1.1.1')) && isMulticast(address('ff02::1')));
  assert.ok(!isMulticast(address('240.0.0.1')) && !isMulticast(address('fe80::1')));
  assert.ok(
    isLinkLocal(address('169.254.1.1')) &&
      isLinkLocal(address('febf::1')) &&
      !isLinkLocal(address('fec0::1')),
  );
  assert.ok(isBroadcast(address('10.0.3.255'), [subnet('10.0.0.0/22')]));
  assert.ok(!isBroadcast(address('10.0.0.255'), [subnet('10.0.0.0/22')]));
  assert.ok(!isBroadcast(address('10.0.0.1'), [subnet('10.0.0.0/31')]));
  assert.ok(isBroadcast(address('255.255.255.255'), []));
});
