/** What the Messages API would say to a request: its shape, its output schema and the real size of its pictures. */
import { z } from 'zod/v4';

export interface Picture {
  mediaType: string;
  /** Read from the picture's own bytes. */
  width: number;
  height: number;
  base64Bytes: number;
}

/** A request as the fake understood it. */
export interface ClaudeRequest {
  model: string;
  effort: string | undefined;
  schema: Record<string, unknown>;
  system: string;
  systemIsCached: boolean;
  /** All text blocks of the message, in order. */
  text: string;
  pictures: Picture[];
}

const TextBlock = z.strictObject({
  type: z.literal('text'),
  text: z.string().min(1),
  cache_control: z.strictObject({ type: z.literal('ephemeral'), ttl: z.enum(['5m', '1h']).optional() }).optional(),
});
const ImageBlock = z.strictObject({
  type: z.literal('image'),
  source: z.strictObject({
    type: z.literal('base64'),
    media_type: z.enum(['image/jpeg', 'image/png', 'image/gif', 'image/webp']),
    data: z.base64().max(10 * 1024 * 1024, 'image exceeds 10 MB'),
  }),
  transformations: z.strictObject({ oversized_image: z.enum(['error', 'downsize']) }).optional(),
});
/** Strict: `temperature`, `top_p` and `top_k` are gone, and whatever we do not use would be news. */
const Body = z.strictObject({
  model: z.string().startsWith('claude-'),
  max_tokens: z.int().min(1).max(64_000),
  stream: z.literal(true),
  system: z.array(TextBlock).min(1),
  messages: z.array(z.strictObject({
    role: z.literal('user', 'assistant prefill is not supported'),
    content: z.array(z.discriminatedUnion('type', [TextBlock, ImageBlock])).min(1),
  })).length(1),
  output_config: z.strictObject({
    effort: z.enum(['low', 'medium', 'high', 'xhigh', 'max']).optional(),
    format: z.strictObject({ type: z.literal('json_schema'), schema: z.record(z.string(), z.unknown()) }),
  }),
});

/** @throws Error with the message of the API's 400 */
export function readRequest(json: unknown): ClaudeRequest {
  const body = Body.parse(json);
  checkSchema(body.output_config.format.schema, 'schema');
  const content = body.messages.flatMap((message) => message.content);
  const images = content.filter((block) => block.type === 'image');
  const pictures = images.map((block, index) => {
    const picture = { mediaType: block.source.media_type, base64Bytes: block.source.data.length, ...sizeOf(Buffer.from(block.source.data, 'base64'), block.source.media_type) };
    checkPicture(picture, index, images.length, block.transformations?.oversized_image === 'error');
    return picture;
  });
  return {
    model: body.model,
    effort: body.output_config.effort,
    schema: body.output_config.format.schema,
    system: body.system.map((block) => block.text).join('\n'),
    systemIsCached: body.system.some((block) => block.cache_control !== undefined),
    text: content.flatMap((block) => (block.type === 'text' ? [block.text] : [])).join('\n'),
    pictures,
  };
}

function checkPicture({ width, height }: Picture, index: number, count: number, strict: boolean): void {
  const side = Math.max(width, height);
  const limit = count > 20 ? 2000 : 8000;
  if (side > limit) throw new Error(`image ${index} is ${width} x ${height}; the limit is ${limit} px a side`);
  const tokens = Math.ceil(width / 28) * Math.ceil(height / 28);
  if (strict && (side > 2576 || tokens > 4784)) throw new Error(`image ${index} is ${width} x ${height}: oversized_image`);
}

const UNSUPPORTED = ['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum', 'minLength', 'maxLength', 'pattern', 'maxItems', 'prefixItems'];

/** Structured output takes closed objects only; we hold ourselves to required fields besides. */
function checkSchema(node: unknown, path: string): void {
  if (Array.isArray(node)) return node.forEach((item, index) => checkSchema(item, `${path}[${index}]`));
  if (typeof node !== 'object' || node === null) return;
  const schema = new Map(Object.entries(node));
  if (schema.get('type') === 'object') {
    if (schema.get('additionalProperties') !== false) throw new Error(`${path}: additionalProperties must be false`);
    const properties = Object.keys(schema.get('properties') ?? {});
    const required: unknown = schema.get('required');
    const missing = properties.filter((name) => !Array.isArray(required) || !required.includes(name));
    if (missing.length > 0) throw new Error(`${path}: optional fields ${missing.join(', ')}`);
  }
  if (typeof schema.get('type') === 'string') {
    const bad = UNSUPPORTED.find((keyword) => schema.has(keyword));
    if (bad !== undefined) throw new Error(`${path}: ${bad} is not supported`);
  }
  for (const [key, value] of schema) checkSchema(value, `${path}.${key}`);
}

/** Width and height from the bytes of a JPEG or PNG. */
export function sizeOf(data: Buffer, mediaType: string): { width: number; height: number } {
  if (mediaType === 'image/png' && data.length > 24 && data.readUInt32BE(0) === 0x89504e47) {
    return { width: data.readUInt32BE(16), height: data.readUInt32BE(20) };
  }
  if (mediaType === 'image/jpeg' && data.length > 4 && data.readUInt16BE(0) === 0xffd8) {
    for (let at = 2; at + 9 < data.length;) {
      const marker = data.readUInt16BE(at);
      // Start of frame, of any coding but the three markers among them that are something else.
      if (marker >= 0xffc0 && marker <= 0xffcf && ![0xffc4, 0xffc8, 0xffcc].includes(marker)) {
        return { width: data.readUInt16BE(at + 7), height: data.readUInt16BE(at + 5) };
      }
      at += 2 + data.readUInt16BE(at + 2);
    }
  }
  throw new Error(`could not process image: not ${mediaType}`);
}
