// Strict XML into a small tree: well-formed, namespaces resolved, no DOCTYPE, bounded in size, depth and count.
import { SaxesParser } from 'saxes';
import { LibvirtError } from './errors.ts';

export interface XmlElement {
  /** Local name, without prefix. */
  name: string;
  /** Namespace URI, empty where there is none. */
  uri: string;
  /** Attributes without a namespace, by name. */
  attributes: ReadonlyMap<string, string>;
  children: XmlElement[];
  /** Character data directly inside, concatenated. */
  text: string;
}

export interface XmlLimits {
  /** Longest document, UTF-16 units. */
  length: number;
  depth: number;
  elements: number;
}

/** A domain with 200 devices has about 100 KB, 10 levels and 3,000 elements. */
export const XML_LIMITS: XmlLimits = { length: 4 << 20, depth: 64, elements: 100_000 };

/**
 * Parses one document; throws `LibvirtError('xml')` on anything that is not well-formed XML 1.0 or over a limit.
 * saxes knows the five predefined entities and character references only, and a DOCTYPE ends the parse before
 * its subset could define any.
 */
export function parseXml(text: string, limits: XmlLimits = XML_LIMITS): XmlElement {
  if (text.length > limits.length) fail(`longer than ${limits.length} characters`);
  // Half a surrogate pair at the end makes saxes throw a RangeError instead of its own error.
  if (/\p{Surrogate}/u.test(text)) fail('half a surrogate pair');
  const tree = new TreeBuilder(limits);
  const parser = new SaxesParser({
    xmlns: true,
    position: true,
    forceXMLVersion: true,
    defaultXMLVersion: '1.0',
  });
  parser.on('error', (error) => fail(error.message));
  parser.on('doctype', () => fail('a DOCTYPE is not accepted'));
  parser.on('opentag', (tag) => tree.open(tag.local, tag.uri, Object.values(tag.attributes)));
  parser.on('closetag', () => tree.close());
  parser.on('text', (data) => tree.data(data));
  parser.on('cdata', (data) => tree.data(data));
  parser.write(text).close();
  return tree.root ?? fail('no element');
}

class TreeBuilder {
  root: XmlElement | null = null;
  private readonly path: XmlElement[] = [];
  private count = 0;
  private readonly limits: XmlLimits;

  constructor(limits: XmlLimits) {
    this.limits = limits;
  }

  open(name: string, uri: string, attributes: { local: string; uri: string; value: string }[]): void {
    this.count += 1;
    if (this.count > this.limits.elements) fail(`more than ${this.limits.elements} elements`);
    if (this.path.length >= this.limits.depth) fail(`deeper than ${this.limits.depth} elements`);
    const plain = attributes.filter((attribute) => attribute.uri === '');
    const element: XmlElement = {
      name,
      uri,
      attributes: new Map(plain.map((attribute) => [attribute.local, attribute.value])),
      children: [],
      text: '',
    };
    this.path.at(-1)?.children.push(element);
    this.root ??= element;
    this.path.push(element);
  }

  close(): void {
    this.path.pop();
  }

  data(text: string): void {
    const element = this.path.at(-1);
    if (element) element.text += text;
  }
}

function fail(message: string): never {
  throw new LibvirtError('xml', message);
}

/** First child of that name in no namespace (all of libvirt's own elements), or undefined. */
export function child(element: XmlElement | undefined, name: string): XmlElement | undefined {
  return element?.children.find((each) => each.name === name && each.uri === '');
}

export function children(element: XmlElement | undefined, name: string): XmlElement[] {
  return element?.children.filter((each) => each.name === name && each.uri === '') ?? [];
}

/** The attribute, cut to `max` UTF-16 units; null where it is absent or empty. */
export function attribute(element: XmlElement | undefined, name: string, max = 256): string | null {
  const value = element?.attributes.get(name);
  return value === undefined || value === '' ? null : clip(value, max);
}

/** The trimmed text, cut to `max` UTF-16 units; null where it is absent or blank. */
export function text(element: XmlElement | undefined, max = 256): string | null {
  const value = element?.text.trim();
  return value === undefined || value === '' ? null : clip(value, max);
}

/** Cuts without leaving half a surrogate pair. */
function clip(value: string, max: number): string {
  return value.length <= max ? value : value.slice(0, max).replace(/[\uD800-\uDBFF]$/, '');
}
