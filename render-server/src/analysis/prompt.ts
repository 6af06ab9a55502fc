/** What Claude is asked about one page: facts, checks, numbered elements and pictures, within a budget of tokens. */
import type Anthropic from '@anthropic-ai/sdk';
import { zodOutputFormat } from '@anthropic-ai/sdk/helpers/zod';
import type { Device } from '@cro-analyzer/protocol/messages';
import type { Tile } from '../evidence.ts';
import type { Brief } from './analyst.ts';
import { Answer } from './answer.ts';
import { describePage, describeRequest } from './describe.ts';
import { INSTRUCTIONS } from './instructions.ts';

/** Tokens of input that one analysis may cost, by our estimate. */
export const MAX_INPUT_TOKENS = 25_000;

/** Room for thinking, a summary and thirty findings. */
const MAX_OUTPUT_TOKENS = 16_000;

/** Pixels a side of the squares that Claude counts pictures in, and characters of text to a token. */
const PATCH = 28;
const CHARACTERS_PER_TOKEN = 3.5;

/** Without `parse`: the SDK would throw on an answer cut short, where we keep what is complete. */
const { type, schema } = zodOutputFormat(Answer);

export interface Prompt {
  params: Anthropic.MessageStreamParams;
  /** Our estimate; pictures count by their size, text by its length. */
  inputTokens: number;
  /** What Claude could not be shown, in words. */
  limits: string[];
}

/** @param model a Claude model id */
export function writePrompt(brief: Brief, model: string): Prompt {
  const request = describeRequest(brief.request);
  const page = describePage(brief.evidence, brief.checks);
  const textTokens = estimateText(INSTRUCTIONS) + estimateText(request) + estimateText(page) + estimateText(JSON.stringify(schema));
  const { shown, dropped, tokens } = chooseTiles(brief, MAX_INPUT_TOKENS - textTokens);
  const limits = dropped.map(({ device, tile }) => `Claude was not shown the ${device} screenshot from ${Math.round(tile.box.y)} px to ${Math.round(tile.box.y + tile.box.height)} px: the page is too long for one analysis.`);

  return {
    inputTokens: textTokens + tokens,
    limits,
    params: {
      model,
      max_tokens: MAX_OUTPUT_TOKENS,
      output_config: { effort: 'medium', format: { type, schema } },
      system: [{ type: 'text', text: INSTRUCTIONS, cache_control: { type: 'ephemeral' } }],
      messages: [{
        role: 'user',
        content: [
          { type: 'text', text: `${request}\n\n${page}` },
          ...shown.flatMap((shot) => picture(shot, model)),
          ...(limits.length === 0 ? [] : [{ type: 'text' as const, text: `Not shown for lack of room, and therefore unknown:\n${limits.join('\n')}` }]),
          { type: 'text', text: 'That was the page. Write the summary and the findings now.' },
        ],
      }],
    },
  };
}

interface Shot {
  device: Device;
  tile: Tile;
}

/** All tiles, or fewer from the bottom of the page until they fit; the first one of each device always stays. */
function chooseTiles(brief: Brief, budget: number): { shown: Shot[]; dropped: Shot[]; tokens: number } {
  const shown: Shot[] = brief.evidence.views.flatMap((view) => view.tiles.map((tile) => ({ device: view.device, tile })));
  const dropped: Shot[] = [];
  let tokens = shown.reduce((sum, { tile }) => sum + imageTokens(tile), 0);
  while (tokens > budget) {
    const deepest = Math.max(...shown.map(({ tile }) => tile.index));
    if (deepest <= 0) break;
    const [shot] = shown.splice(shown.findLastIndex(({ tile }) => tile.index === deepest), 1);
    if (shot === undefined) break;
    dropped.unshift(shot);
    tokens -= imageTokens(shot.tile);
  }
  return { shown, dropped, tokens };
}

function picture({ device, tile }: Shot, model: string): Anthropic.ContentBlockParam[] {
  const { box } = tile;
  const scale = Math.round((tile.width / box.width) * 100) / 100;
  return [
    { type: 'text', text: `Picture: ${device}, tile ${tile.index}, page y ${Math.round(box.y)} to ${Math.round(box.y + box.height)}, ${scale} picture pixels to a CSS pixel.` },
    {
      type: 'image',
      source: { type: 'base64', media_type: tile.contentType, data: tile.data.toString('base64') },
      // Models before 4.7 see less than our tiles have; for them a smaller picture is better than none.
      ...(seesWholeTiles(model) ? { transformations: { oversized_image: 'error' as const } } : {}),
    },
  ];
}

function seesWholeTiles(model: string): boolean {
  const version = /-(\d{1,2})-(\d{1,2})(?:-|$)/.exec(model);
  return version !== null && (Number(version[1]) > 4 || Number(version[2]) >= 7);
}

/** Tokens of a picture: ceil(width / 28) x ceil(height / 28). */
export function imageTokens(tile: Pick<Tile, 'width' | 'height'>): number {
  return Math.ceil(tile.width / PATCH) * Math.ceil(tile.height / PATCH);
}

function estimateText(text: string): number {
  return Math.ceil(text.length / CHARACTERS_PER_TOKEN);
}
