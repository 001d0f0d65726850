import { connect } from 'node:http2';

const LIMIT_MS = 3_000;
const METHOD = '/milvus.proto.milvus.MilvusService/GetVersion';
// A gRPC message without content: not compressed, 0 bytes long.
const EMPTY_MESSAGE = Buffer.alloc(5);

/**
 * The version that a Milvus server on 127.0.0.1:port gives, asked by gRPC without its library: it is a single question.
 *
 * @throws when nobody answers within 3 s, or with anything but a version
 */
export async function milvusVersion(port: number): Promise<string> {
  const session = connect(`http://127.0.0.1:${port}`);
  // Without a listener a refused connection would end this process; the request tells of it too.
  session.on('error', () => {});
  try {
    const request = session.request({ ':method': 'POST', ':path': METHOD, 'content-type': 'application/grpc', te: 'trailers' });
    request.setTimeout(LIMIT_MS, () => request.destroy(new Error(`no answer within ${LIMIT_MS / 1000} s`)));
    request.end(EMPTY_MESSAGE);
    const chunks: Buffer[] = [];
    // Unlike waiting for 'end', this also ends when the connection is closed under it.
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    return parseVersion(Buffer.concat(chunks));
  } finally {
    session.destroy();
  }
}

/**
 * Reads GetVersionResponse: 5 bytes of gRPC, then the protobuf fields 1 (status, a message) and 2 (version, text), each as tag, length,
 * bytes. Throws when there is no version in it.
 */
export function parseVersion(answer: Buffer): string {
  for (let at = 5; at + 1 < answer.length;) {
    const [tag = 0, length = 0] = answer.subarray(at, at + 2);
    if (tag === 0x12) return answer.subarray(at + 2, at + 2 + length).toString('utf8');
    if (tag !== 0x0a) break;
    at += 2 + length;
  }
  throw new Error('the answer is not the version of a Milvus server');
}
