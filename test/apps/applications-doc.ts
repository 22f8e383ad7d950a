// Makes docs/applications.md out of the recognisers' own files: list.h, the first comment, transports and ports of
// each, the layers in registry.cc. As a script it writes the page.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../..', import.meta.url));
export const page = join(root, 'docs/applications.md');
const source = (name: string): string => readFileSync(join(root, 'dp/apps', name), 'utf8');
const names = (text: string, pattern: RegExp): string[] =>
  [...text.matchAll(pattern)].map((match) => match[1] ?? '');

/** The comment on top of a recogniser, without "// name: ", up to the first line that is code. */
function summary(name: string, text: string): string {
  const lines = text.split('\n');
  const end = lines.findIndex((line) => !line.startsWith('//'));
  const comment = lines.slice(0, end).map((line) => line.slice(3));
  return comment.join(' ').replace(`${name}: `, '');
}

function row(name: string): string {
  const text = source(`${name}.cc`);
  const over = names(/Application \w+_application\{([^;]*)\};/s.exec(text)?.[1] ?? '', /over_(\w+)/g);
  const ports = /constexpr uint16_t ports\[\] = \{([^}]*)\}/.exec(text)?.[1] ?? '';
  return `| \`${name}\` | ${over.join(', ')} | ${ports} | ${summary(name, text)} |`;
}

/** The whole page. */
export function applicationsPage(): string {
  const applications = names(source('list.h'), /^ +X\((\w+)\)/gm).sort();
  const layers = names(source('registry.cc'), /^ +\{"([\w-]+)", 0, \{\}, nullptr\}/gm).sort();
  return `# Applications

Made from the recognisers' own files by \`npx tsx test/apps/applications-doc.ts\`; a test holds it to them.

An application is recognised by what both ends say, on any port, from either end where the start was not seen. The
ports below are only a hint. \`sure\` means that nothing else looks like this; \`guess\` satisfies no allow rule.
Facts that are read off a flow: [facts.md](facts.md).

| application | over | usual ports | what it goes by |
|---|---|---|---|
${applications.map(row).join('\n')}

Inner layers, named behind the outer one (\`tls/https\`, \`http2/grpc/etcd\`, \`http/elasticsearch\`): ${layers
    .map((name) => `\`${name}\``)
    .join(', ')}; also \`websocket\`, \`http2\`, \`elasticsearch\` and \`cassandra\`.
A protocol that switches to TLS says so: \`smtp/tls\`, \`imap/tls\`, \`pop3/tls\`, \`ldap/tls\`, \`ftp/tls\`,
\`postgresql/tls\`, \`mysql/tls\`. \`tls/dot\` is sure where ALPN says it, a guess on port 853.

## What no recogniser knows
\`fallback: ndpi\` ([vmoat-dp.md](vmoat-dp.md)), \`vmoat pcap --fallback ndpi\`: Debian's nDPI 4.2 (package \`libndpi4.2\`) is
shown what such a flow says, over TCP and UDP. What it names is \`ndpi/NAME\`, its own name in lower case, always a
\`guess\`: it satisfies no allow rule, and a rule for \`coap\` does not mean \`ndpi/coap\`. It is off by default: nDPI is a
large library in C that reads hostile bytes, and it does so inside vmoat-dp, which runs as root with a bounded set of
capabilities. Whoever switches it on trusts it as much as vmoat's own parsers.

It is asked only after all recognisers have declined, for the first 8 pieces of payload, at most 1,400 bytes each. Its
flows stand in 4,096 slots for each worker; an unknown flow that finds none stays unknown and is counted
(\`lost.fallback\`). Headers are made anew for it: it sees payloads, ports and addresses, no frame of a guest's. Guesses
by port or address alone are not taken over.

## Announced flows
A flow that another one announces has that one as its \`parent\`:

| announced by | what | named | waits |
|---|---|---|---|
| \`ftp\` | PORT, EPRT, and the answers to PASV and EPSV | \`ftp-data\` | 120 s, once |
| \`tftp\` | the transfer from a port of the server's | \`tftp\` | 30 s, once |
| \`sip\` | RTP and RTCP of the descriptions in requests and responses | \`rtp\`, \`rtcp\` | 300 s |
| \`rtsp\` | client_port and server_port of SETUP's answer | \`rtp\`, \`rtcp\` | 120 s |
| \`rpc\` | the port mapper's answers to GETPORT and GETADDR | \`rpc\` | 300 s |

\`ftp-data\` is sure when it joins the two ends of its control connection; the others are a guess until their content
says the same. Control flows are followed for 16 MiB, in live operation too. Announcements stand in a table of
4,096 for each worker; when a place is full the one that ends first goes. A worker is chosen by both addresses: where a
third address is announced (FTP between two servers, a media gateway) and another worker has that pair, the flow is
seen without a parent.

## Applications of your own
The key \`applications\` of \`/etc/vmoat/dp.yaml\` ([vmoat-dp.md](vmoat-dp.md)) names what is yours alone; \`vmoat pcap
--applications FILE\` tries it on a capture. It is asked after everything above, and a match is \`sure\`.

\`\`\`yaml
applications:
  - name: shipping-bus            # 1 to 32 of a-z, 0-9 and -; none of the names above
    transport: tcp                # tcp (default), udp, sctp or a list of these
    ports: [7800]                 # asked first at these ports, looked for at all
    client:                       # what the client says first
      prefix: "BUS/1 "            # text at the very front
    server:
      prefixHex: "53 42 ?? 01"    # bytes at the very front, ?? for any
      containsHex: "0d 0a"        # also contains: text
      within: 64                  # in the first bytes, at most and by default 256
\`\`\`

Everything that is given must hold: over TCP of both sides, elsewhere of the side that sent the datagram. At most 256
applications, 4 patterns each, 64 bytes a pattern. A mistake is an error with its line and the nearest key.
`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(page, applicationsPage());
