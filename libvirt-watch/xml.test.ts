// The XML reader against documents that nobody should send.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LibvirtError } from './errors.ts';
import { attribute, child, parseXml, text } from './xml.ts';

const refused = (xml: string, pattern: RegExp) =>
  assert.throws(
    () => parseXml(xml),
    (error: unknown) => error instanceof LibvirtError && error.code === 'xml' && pattern.test(error.message),
  );

test('reads elements, attributes, namespaces, text and CDATA', () => {
  const root = parseXml(`<?xml version='1.0'?><a x='1 &lt; 2' p:y='no' xmlns:p='urn:p'>t&amp;<![CDATA[<u>]]>
    <p:b>own</p:b><b>plain</b></a>`);
  assert.equal(attribute(root, 'x'), '1 < 2');
  assert.equal(attribute(root, 'y'), null);
  assert.equal(text(root), 't&<u>');
  assert.equal(text(child(root, 'b')), 'plain');
  assert.deepEqual(
    root.children.map((each) => each.uri),
    ['urn:p', ''],
  );
});

test('refuses a DOCTYPE, and with it every entity bomb', () => {
  const levels = Array.from({ length: 12 }, (_, i) => `<!ENTITY e${i + 1} "${`&e${i};`.repeat(10)}">`).join(
    '',
  );
  refused(`<!DOCTYPE a [<!ENTITY e0 "boom">${levels}]><a>&e12;</a>`, /DOCTYPE/);
  refused(`<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>`, /DOCTYPE/);
  refused(`<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>`, /DOCTYPE/);
  refused('<a>&x;</a>', /entity/);
});

test('refuses what is too long, too deep or too much', () => {
  refused(`<a>${'x'.repeat(5 << 20)}</a>`, /longer than/);
  refused('<a>'.repeat(65), /deeper than 64/);
  refused('<a>'.repeat(500_000), /deeper than 64/);
  refused(`<a>${'<b/>'.repeat(100_000)}</a>`, /more than 100000 elements/);
});

test('refuses what is not well-formed', () => {
  for (const xml of [
    '',
    '<a>',
    '<a></b>',
    '<a/><b/>',
    '<a x=1/>',
    "<a x='1' x='2'/>",
    'text',
    '<a>\u0001</a>',
    '<a>&#1;</a>',
  ])
    refused(xml, /./);
  refused('<?xml version="1.1"?><a>&#1;</a>', /./);
  refused('<p:a/>', /./);
});

test('cuts long strings without halving a character', () => {
  const root = parseXml(`<a x='${'y'.repeat(9)}😀'/>`);
  assert.equal(attribute(root, 'x', 10), 'y'.repeat(9));
  assert.equal(attribute(root, 'x', 11), `${'y'.repeat(9)}😀`);
});
