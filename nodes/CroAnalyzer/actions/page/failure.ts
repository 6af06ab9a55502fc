import { RenderClientError } from '@cro-analyzer/protocol/client';
import { CODES } from '@cro-analyzer/protocol/codes';
import type { IDataObject, INode } from 'n8n-workflow';
import { NodeApiError, NodeOperationError } from 'n8n-workflow';
import { analyzeProperties, optionProperties } from './analyze.properties.ts';

export type NodeError = NodeApiError | NodeOperationError;

/**
 * Any failure of one page as an n8n error, its message opened by the code.
 * @param url the page, unless the failure came before its address was read
 */
export function toNodeError(node: INode, error: unknown, itemIndex: number, url: string | undefined): NodeError {
  const nodeError = convert(node, error, itemIndex);
  nodeError.context.itemIndex = itemIndex;
  if (url !== undefined) nodeError.description = [nodeError.description, `The page was ${url}`].filter(Boolean).join(' ');
  return nodeError;
}

/**
 * The json of a page that failed. n8n takes it for an error while it holds nothing but `error`, `message` and
 * `details`, and on the error output puts it together with the item that came in. An item with the property `error`
 * beside its json would lose all but the message.
 */
export function toErrorJson(error: unknown, { message }: NodeError, url: string | undefined): IDataObject {
  if (!(error instanceof RenderClientError)) return { error: message, details: { url } };
  const { code, reason, retryable, advice } = error;
  return { error: message, details: { url, code, reason, retryable, advice } };
}

function convert(node: INode, error: unknown, itemIndex: number): NodeError {
  if (error instanceof NodeApiError || error instanceof NodeOperationError) return error;
  if (!(error instanceof RenderClientError)) return new NodeOperationError(node, error instanceof Error ? error : String(error), { itemIndex });
  const { code, reason, advice } = error;
  // A reason that names the field opens the message too.
  const finer = reason === undefined || error.message.startsWith(reason) ? '' : ` (${reason})`;
  const message = `${code}${finer}: ${withLabel(error.message)}`;
  return new NodeApiError(node, { message }, { message, description: advice, httpCode: String(CODES[code].status), itemIndex });
}

/** A field of the request by the name that its parameter has in n8n. */
function withLabel(message: string): string {
  return message.replace(/^(?:request\.)?(\w+)(?=[:.[])/, (field, name) =>
    [...analyzeProperties, ...optionProperties].find((property) => property.name === name)?.displayName ?? field);
}
