// Consul's HTTP interface: the services of a data centre, a key that is not there.
import { Capture } from '../../frames.ts';

const request = (path: string): string =>
  `GET ${path} HTTP/1.1\r\nHost: 10.9.0.2:8500\r\nUser-Agent: Go-http-client/1.1\r\nAccept-Encoding: gzip\r\n\r\n`;
const answer = (status: string, index: number, body: string): string =>
  `HTTP/1.1 ${status}\r\nContent-Type: application/json\r\nX-Consul-Index: ${index}\r\nX-Consul-Knownleader: true\r\n` +
  `X-Consul-Lastcontact: 0\r\nContent-Length: ${body.length}\r\n\r\n${body}`;

export const capture = new Capture();
capture
  .tcp(8500)
  .client(request('/v1/catalog/services?dc=dc1'))
  .server(answer('200 OK', 14, '{"consul":[],"web":["v1"]}'))
  .client(request('/v1/kv/none'))
  .server(answer('404 Not Found', 15, ''))
  .end();
