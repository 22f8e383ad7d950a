// A cluster says who it is, a document is stored and searched for.
import { Capture } from '../../frames.ts';

const request = (method: string, path: string, body = ''): string =>
  `${method} ${path} HTTP/1.1\r\nHost: 10.9.0.2:9200\r\nUser-Agent: elasticsearch-py/7.17.9\r\n` +
  `Content-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
const answer = (status: string, value: object): string => {
  const body = JSON.stringify(value);
  return (
    `HTTP/1.1 ${status}\r\nX-elastic-product: Elasticsearch\r\ncontent-type: application/json\r\n` +
    `content-length: ${body.length}\r\n\r\n${body}`
  );
};
const found = {
  took: 2,
  timed_out: false,
  hits: { total: { value: 1 }, hits: [{ _id: '1', _source: { name: 'moat' } }] },
};

export const capture = new Capture();
capture
  .tcp(9200)
  .client(request('GET', '/'))
  .server(answer('200 OK', { cluster_name: 'moat', tagline: 'You Know, for Search' }))
  .client(request('PUT', '/items/_doc/1', '{"name":"moat"}'))
  .server(answer('201 Created', { _index: 'items', _id: '1', result: 'created' }))
  .client(request('POST', '/items/_search', '{"query":{"match":{"name":"moat"}}}'))
  .server(answer('200 OK', found))
  .end();
