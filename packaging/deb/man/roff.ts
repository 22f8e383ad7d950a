// A manual page in roff's language (groff_man(7)), built from plain text.

export interface PageTitle {
  name: string;
  section: 1 | 8;
  version: string;
  /** One line, as `apropos` shows it. */
  brief: string;
}

export class Roff {
  #text: string;

  constructor({ name, section, version, brief }: PageTitle) {
    this.#text = `.TH ${name.toUpperCase()} ${section} "" "vmoat ${version}" "vmoat"\n`;
    this.section('NAME').#line(`${plain(name)} \\- ${plain(brief)}`);
  }

  section(title: string): this {
    return this.#line(`.SH "${plain(title)}"`);
  }

  subsection(title: string): this {
    return this.#line(`.SS "${plain(title)}"`);
  }

  paragraph(text: string): this {
    return this.#line(`.PP\n${lines(text)}`);
  }

  /** A term in bold, and what it means. */
  item(term: string, text: string): this {
    return this.#line(`.TP\n\\fB${plain(term)}\\fR\n${lines(text)}`);
  }

  /** As it stands, line by line. */
  verbatim(text: string): this {
    return this.#line(`.PP\n.nf\n${lines(text)}\n.fi`);
  }

  toString(): string {
    return this.#text;
  }

  #line(text: string): this {
    this.#text += `${text}\n`;
    return this;
  }
}

/** The minus sign of options, no hyphen; characters that roff takes for its own. */
const plain = (text: string): string =>
  text.replaceAll('\\', '\\e').replaceAll('-', '\\-').replaceAll('"', '\\(dq').replaceAll("'", '\\(aq');

/** A line that begins with a dot would be a request. */
const lines = (text: string): string =>
  text
    .split('\n')
    .map((line) => (line.startsWith('.') ? `\\&${plain(line)}` : plain(line)))
    .join('\n');
