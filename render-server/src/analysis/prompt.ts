/** What Claude is asked about one page: facts, checks, numbered elements and pictures, within a budget of tokens. */
import type Anthropic from '@anthropic-ai/sdk';
import { zodOutputFormat } from '@anthropic-ai/sdk/helpers/zod';
import type { Box, Device } from '@cro-analyzer/protocol/messages';
import type { Tile } from '../evidence.ts';
import type { Brief } from './analyst.ts';
import { Answer } from './answer.ts';
import { byPlace, describePage, describeRequest, type PageWords } from './describe.ts';
import { INSTRUCTIONS } from './instructions.ts';
import { imageTokens, textTokens } from './tokens.ts';

/** Tokens of input that one analysis may cost, by our estimate. */
export const MAX_INPUT_TOKENS = 25_000;

/** Room for thinking, a summary and thirty findings. */
const MAX_OUTPUT_TOKENS = 16_000;

/** Tokens that the page in words may cost of these; what it leaves is for the pictures. */
const MAX_PAGE_TOKENS = 10_000;

/** How much of each list of the page is told, from all there is room for to the least. */
const SHARES = [1, 0.7, 0.5, 0.3, 0.2, 0.1];

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
  const page = pageWithin(MAX_PAGE_TOKENS, brief);
  const words = textTokens(INSTRUCTIONS) + textTokens(JSON.stringify(schema)) + textTokens(request) + textTokens(page.text);
  const { shown, dropped, tokens } = chooseShots(shotsOf(brief, page.elements), MAX_INPUT_TOKENS - words);
  const limits = dropped.map(missing);

  return {
    inputTokens: Math.ceil(words + tokens),
    limits,
    params: {
      model,
      max_tokens: MAX_OUTPUT_TOKENS,
      output_config: { effort: 'medium', format: { type, schema } },
      system: [{ type: 'text', text: INSTRUCTIONS, cache_control: { type: 'ephemeral' } }],
      messages: [{
        role: 'user',
        content: [
          { type: 'text', text: request },
          ...shown.flatMap((shot) => picture(shot, model)),
          ...(limits.length === 0 ? [] : [{ type: 'text' as const, text: `Not shown for lack of room, and therefore unknown:\n${limits.join('\n')}` }]),
          { type: 'text', text: page.text },
          { type: 'text', text: 'That was the page. Write the summary and the findings now.' },
        ],
      }],
    },
  };
}

/** As much of the page in words as fits; what is left out is said there. */
function pageWithin(budget: number, { evidence, checks }: Brief): PageWords {
  const [all, ...less] = SHARES;
  let page = describePage(evidence, checks, all);
  for (const share of less) {
    if (textTokens(page.text) <= budget) break;
    page = describePage(evidence, checks, share);
  }
  return page;
}

interface Shot {
  device: Device;
  tile: Tile;
  /** What stands above and below the picture. */
  caption: string;
  elements: string;
}

function shotsOf({ evidence }: Brief, told: ReadonlySet<string>): Shot[] {
  return evidence.views.flatMap(({ device, tiles, elements }) => tiles.map((tile): Shot => {
    const { box } = tile;
    const scale = Math.round((tile.width / box.width) * 100) / 100;
    const within = elements.filter((element) => told.has(element.id) && middleWithin(element.box, box));
    return {
      device,
      tile,
      caption: `Picture: ${device}, tile ${tile.index}, page y ${Math.round(box.y)} to ${Math.round(box.y + box.height)}, ${scale} picture ${scale === 1 ? 'pixel' : 'pixels'} to a CSS pixel.`,
      elements: `Elements in it: ${within.toSorted(byPlace).map(({ id }) => id).join(' ') || 'none that are listed'}`,
    };
  }));
}

function middleWithin({ x, y, width, height }: Box, tile: Box): boolean {
  const [across, down] = [x + width / 2 - tile.x, y + height / 2 - tile.y];
  return across >= 0 && across < tile.width && down >= 0 && down < tile.height;
}

/** All shots, or fewer from the bottom of the page until they fit; the first one of each device always stays. */
function chooseShots(shots: Shot[], budget: number): { shown: Shot[]; dropped: Shot[]; tokens: number } {
  const shown = [...shots];
  const dropped: Shot[] = [];
  let tokens = shown.reduce((sum, shot) => sum + tokensOf(shot), 0);
  while (tokens > budget) {
    const deepest = Math.max(...shown.map(({ tile }) => tile.index));
    if (deepest <= 0) break;
    const [shot] = shown.splice(shown.findLastIndex(({ tile }) => tile.index === deepest), 1);
    if (shot === undefined) break;
    dropped.unshift(shot);
    tokens += textTokens(missing(shot)) - tokensOf(shot);
  }
  return { shown, dropped, tokens };
}

function missing({ device, tile: { box } }: Shot): string {
  return `Claude was not shown the ${device} screenshot from ${Math.round(box.y)} px to ${Math.round(box.y + box.height)} px: the page is too long for one analysis.`;
}

function tokensOf({ tile, caption, elements }: Shot): number {
  return imageTokens(tile) + textTokens(caption) + textTokens(elements);
}

function picture({ tile, caption, elements }: Shot, model: string): Anthropic.ContentBlockParam[] {
  return [
    { type: 'text', text: caption },
    {
      type: 'image',
      source: { type: 'base64', media_type: tile.contentType, data: tile.data.toString('base64') },
      // Models before 4.7 see less than our tiles have; for them a smaller picture is better than none.
      ...(seesWholeTiles(model) ? { transformations: { oversized_image: 'error' as const } } : {}),
    },
    { type: 'text', text: elements },
  ];
}

function seesWholeTiles(model: string): boolean {
  const version = /-(\d{1,2})-(\d{1,2})(?:-|$)/.exec(model);
  if (version === null) return false;
  const [major, minor] = version.slice(1).map(Number);
  return major !== undefined && minor !== undefined && (major > 4 || (major === 4 && minor >= 7));
}
