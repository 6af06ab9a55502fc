/**
 * An answer made from the page in the request: a finding for each check that did not pass, and one about the words of
 * the first action. It shows that the path works and says nothing about how well Claude writes.
 */
import type { Draft } from '../../render-server/src/analysis/draft.ts';
import { Category } from '@cro-analyzer/protocol/messages';
import type { ClaudeRequest } from './fake-claude-request.ts';

export interface FakeAnswer {
  summary: string;
  findings: Draft[];
}

const CHECK = /^([a-z][\w.-]*(?:@(?:desktop|mobile))?) (pass|warn|fail|unknown) ("(?:[^"\\]|\\.)*")(?: threshold "(?:[^"\\]|\\.)*")?(?: elements ([\w ]+))?$/gm;
const ELEMENT = /^([a-z]\d+) (\w+) ("(?:[^"\\]|\\.)*")(?: -?\d+,-?\d+ \d+x\d+)?(.*)$/gm;
const CATEGORIES: Record<string, Category> = {
  cta: 'attention', headline: 'attention', hero: 'attention', form: 'forms', overlay: 'interruption', cookie: 'interruption',
  mobile: 'mobile', weight: 'speed', broken: 'speed', read: 'content', title: 'content',
};

export function composeAnswer(request: ClaudeRequest): FakeAnswer {
  const wanted = Number(/at most (\d+)/.exec(request.text)?.[1] ?? 10);
  const title = unquote(/^title: (".*")$/m.exec(request.text)?.[1] ?? '""');
  const elements = [...request.text.matchAll(ELEMENT)].map(([, id = '', kind = '', text = '""', rest = '']) => ({ id, kind, text: unquote(text), action: rest.includes('-action') }));
  const failing = [...request.text.matchAll(CHECK)]
    .map(([, key = '', status = '', value = '""', cited = '']) => ({ key, status, value: unquote(value), elements: cited.split(' ').filter(Boolean) }))
    .filter(({ status }) => status === 'fail' || status === 'warn')
    .sort((a, b) => Number(b.status === 'fail') - Number(a.status === 'fail'));

  const measured = failing.map(({ key, status, value, elements: cited }): Draft => ({
    title: `${key}: ${value}`.slice(0, 90),
    section: CATEGORIES[key.split('.')[0] ?? ''] ?? 'page',
    whatIsWrong: `Measured on ${title}: ${value.replaceAll('"', "'")}`,
    whyItMatters: 'A visitor who meets this is less likely to go on.',
    recommendations: [`Fix ${key} and measure again.`],
    category: CATEGORIES[key.split('.')[0] ?? ''] ?? 'trust',
    claimKind: 'measurement',
    severity: status === 'fail' ? 'high' : 'medium',
    impact: status === 'fail' ? 4 : 3,
    effort: 2,
    elements: cited.filter((id) => elements.some((element) => element.id === id)).slice(0, 3),
    checks: [key],
  }));
  const action = elements.find((element) => element.action && element.text !== '') ?? elements.find((element) => element.text !== '');
  const copy = action === undefined ? [] : [{
    title: `The words of "${action.text}" could say more`,
    section: 'hero',
    whatIsWrong: `The ${action.kind} says "${action.text}" and nothing of what comes after it.`,
    whyItMatters: 'Visitors hesitate where they do not know what happens next.',
    recommendations: ['Name the outcome in the words of the action.'],
    category: 'content',
    claimKind: 'copy',
    severity: 'low',
    impact: 2,
    effort: 1,
    elements: [action.id],
    checks: [],
  } satisfies Draft];
  return {
    summary: `${title}: ${failing.length} measured facts stand in the way of its visitors.`,
    findings: [...measured.slice(0, Math.max(0, wanted - copy.length)), ...copy].slice(0, wanted),
  };
}

function unquote(json: string): string {
  return String(JSON.parse(json));
}
