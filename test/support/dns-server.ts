import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { isIP } from 'node:net';

/** A DNS server on loopback that answers A and AAAA questions from a table that a test may change. */
export interface DnsServer {
  /** For `createResolver({ servers: [address] })`. */
  readonly address: string;
  /**
   * Names with their addresses; a name that is missing does not exist, one with no address has no records. What is
   * no address is another name, and this one its alias (CNAME).
   */
  readonly names: Map<string, readonly string[]>;
  /** Every question asked so far, such as `A example.test`. */
  readonly questions: string[];
  /** The TTL of the answers in seconds. */
  ttl: number;
  close(): Promise<void>;
}

const TYPES = new Map([[1, 'A'], [28, 'AAAA']]);
const CNAME = 5;
const ALIASES_MAX = 8;

export async function startDnsServer(names: Record<string, readonly string[]> = {}): Promise<DnsServer> {
  const socket = createSocket('udp4');
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const server: DnsServer = {
    address: `127.0.0.1:${socket.address().port}`,
    names: new Map(Object.entries(names)),
    questions: [],
    ttl: 0,
    close: () => new Promise((resolve) => { socket.close(() => resolve()); }),
  };
  socket.on('message', (query, from) => {
    const { name, type, end } = readQuestion(query);
    server.questions.push(`${TYPES.get(type) ?? type} ${name}`);
    const records = recordsOf(server, name, type);
    const header = Buffer.alloc(12);
    query.copy(header, 0, 0, 2);
    header.writeUInt16BE(server.names.has(name) ? 0x8180 : 0x8183, 2);
    header.writeUInt16BE(1, 4);
    header.writeUInt16BE(records.length, 6);
    socket.send(Buffer.concat([header, query.subarray(12, end), ...records]), from.port, from.address);
  });
  return server;
}

/** The records of a name, aliases first, as a server that follows them answers. */
function recordsOf(zone: Pick<DnsServer, 'names' | 'ttl'>, name: string, type: number, depth = 0): Buffer[] {
  return (zone.names.get(name) ?? []).flatMap((answer) => {
    const family = isIP(answer);
    if (family === 0) return depth < ALIASES_MAX ? [record(name, CNAME, zone.ttl, nameBytes(answer)), ...recordsOf(zone, answer, type, depth + 1)] : [];
    if ((family === 6 ? 28 : 1) !== type) return [];
    return [record(name, type, zone.ttl, family === 6 ? ipv6Bytes(answer) : Buffer.from(answer.split('.').map(Number)))];
  });
}

function readQuestion(query: Buffer): { name: string; type: number; end: number } {
  const labels: string[] = [];
  let at = 12;
  for (let length = query.readUInt8(at); length > 0; length = query.readUInt8(at)) {
    labels.push(query.toString('latin1', at + 1, at + 1 + length));
    at += length + 1;
  }
  return { name: labels.join('.').toLowerCase(), type: query.readUInt16BE(at + 1), end: at + 5 };
}

function record(name: string, type: number, ttl: number, data: Buffer): Buffer {
  const head = Buffer.alloc(10);
  head.writeUInt16BE(type, 0);
  head.writeUInt16BE(1, 2);
  head.writeUInt32BE(ttl, 4);
  head.writeUInt16BE(data.length, 8);
  return Buffer.concat([nameBytes(name), head, data]);
}

function nameBytes(name: string): Buffer {
  return Buffer.concat([...name.split('.').map((label) => Buffer.concat([Buffer.from([label.length]), Buffer.from(label, 'latin1')])), Buffer.from([0])]);
}

function ipv6Bytes(address: string): Buffer {
  const [left = '', right = ''] = address.split('::');
  const groups = (text: string): string[] => text.split(':').filter((group) => group !== '');
  const middle = Array<string>(8 - groups(left).length - groups(right).length).fill('0');
  const hex = [...groups(left), ...middle, ...groups(right)].map((group) => group.padStart(4, '0')).join('');
  return Buffer.from(hex, 'hex');
}
