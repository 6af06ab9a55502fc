import type { Webhook } from '@cro-analyzer/protocol/messages';
import { Webhook as Signer } from 'standardwebhooks';
import { checkUrl, type AllowList } from '../addresses.ts';
import { RenderError } from '../errors.ts';

/**
 * Refuses a webhook that could never be delivered, when its job is submitted.
 * @param allow private hosts that webhooks may reach (`CRO_WEBHOOK_ALLOW_HOSTS`)
 * @throws RenderError `bad_request` for an address that is none and for a secret that cannot be read; `forbidden_url`
 *   for an address that may not be reached
 */
export function checkWebhook({ url, secret }: Webhook, allow: AllowList): void {
  try {
    checkUrl(url, allow);
  } catch (error) {
    if (!(error instanceof RenderError)) throw error;
    throw new RenderError(error.code, `webhook.url: ${error.message.replace(/^url: /, '')}`, { reason: 'webhook' });
  }
  try {
    signerOf(secret);
  } catch (cause) {
    throw new RenderError('bad_request', 'webhook.secret: what follows whsec_ must be base64', { reason: 'webhook', cause });
  }
}

/**
 * What signs with a secret: `whsec_` and base64, as Standard Webhooks writes it, or any other text as it is.
 * @throws when what follows `whsec_` is no base64
 */
export function signerOf(secret: string): Signer {
  return secret.startsWith('whsec_') ? new Signer(secret) : new Signer(Buffer.from(secret), { format: 'raw' });
}
