import { CODES } from '@cro-analyzer/protocol/codes';
import { RenderClientError } from '@cro-analyzer/protocol/client';
import type { INode } from 'n8n-workflow';
import { NodeApiError, NodeOperationError } from 'n8n-workflow';
import { ServerTrouble } from './server.ts';

export type NodeError = NodeApiError | NodeOperationError;

/**
 * Any failure of one page as an n8n error. The server's code opens the message, because n8n cuts an item on the
 * error output down to that message.
 */
export function toNodeError(node: INode, error: unknown, itemIndex: number): NodeError {
  if (error instanceof NodeApiError || error instanceof NodeOperationError) {
    error.context.itemIndex = itemIndex;
    return error;
  }
  if (error instanceof RenderClientError || error instanceof ServerTrouble) {
    const { code, message, advice } = error;
    const reason = error instanceof RenderClientError && error.reason ? ` (${error.reason})` : '';
    return new NodeApiError(node, { message }, {
      message: `${code}${reason}: ${message}`,
      description: advice,
      httpCode: String(CODES[code].status),
      itemIndex,
    });
  }
  return new NodeOperationError(node, error instanceof Error ? error : String(error), { itemIndex });
}
