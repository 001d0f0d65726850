import { connect } from 'node:net';
import { once } from 'node:events';

const LIMIT_MS = 3_000;
const METADATA = 3;
const METADATA_VERSION = 1;
const CORRELATION = 7;
const NO_TOPICS = 0;

/**
 * How many brokers a Kafka cluster says it has, asked on 127.0.0.1:port with one Metadata request: a client library for one question would
 * bring its retries and its log. https://kafka.apache.org/protocol#The_Messages_Metadata
 *
 * @throws when nobody answers within 3 s, or with something that is no answer
 */
export async function brokerCount(port: number): Promise<number> {
  const socket = connect({ host: '127.0.0.1', port, signal: AbortSignal.timeout(LIMIT_MS) });
  try {
    await once(socket, 'connect');
    socket.write(metadataRequest());
    return parseBrokerCount(await firstMessage(socket));
  } finally {
    socket.destroy();
  }
}

async function firstMessage(socket: NodeJS.ReadableStream): Promise<Buffer> {
  let received = Buffer.alloc(0);
  for await (const chunk of socket) {
    received = Buffer.concat([received, Buffer.from(chunk)]);
    if (received.length >= 4 && received.length >= 4 + received.readInt32BE(0)) return received.subarray(4, 4 + received.readInt32BE(0));
  }
  throw new Error('the connection was closed before an answer came');
}

/** Layout: int32 size · int16 api · int16 version · int32 correlation · int16 length of the client's name (-1: none) · int32 count of topics. */
function metadataRequest(): Buffer {
  const request = Buffer.alloc(18);
  request.writeInt32BE(14, 0);
  request.writeInt16BE(METADATA, 4);
  request.writeInt16BE(METADATA_VERSION, 6);
  request.writeInt32BE(CORRELATION, 8);
  request.writeInt16BE(-1, 12);
  request.writeInt32BE(NO_TOPICS, 14);
  return request;
}

/** Reads the answer without its size: int32 correlation · int32 count of brokers · …. Throws when it answers another question. */
export function parseBrokerCount(message: Buffer): number {
  if (message.length < 8 || message.readInt32BE(0) !== CORRELATION) throw new Error('the answer is not one of Kafka');
  return message.readInt32BE(4);
}
