/** What matters on a phone. */
import { fail, pass, perDevice, unknown, warn, type Rule } from './rule.ts';

const overflow = perDevice({
  id: 'mobile.overflow',
  title: 'The page fits the width of a phone',
  category: 'mobile',
  threshold: 'no wider than the viewport',
  method: 'scroll width of the document against its client width; 320 px is not measured',
  source: 'SC 1.4.10 (320 CSS px)',
}, ({ page, elements }) => {
  const value = `the page is ${Math.round(page.width)} px wide on a screen of ${page.clientWidth} px`;
  if (page.width <= page.clientWidth + 1) return pass(value);
  return fail(value, elements.filter((element) => element.visible && element.box.x + element.box.width > page.clientWidth + 1));
}, 'mobile');

const targets = perDevice({
  id: 'mobile.targets',
  title: 'Buttons and links can be hit with a thumb',
  category: 'mobile',
  threshold: 'none under 24 x 24 px without room around it',
  method: 'axe rule target-size',
  source: 'SC 2.5.8',
}, (view) => {
  if (!view.axeRan.includes('target-size')) return unknown('axe did not finish its rule target-size');
  const nodes = view.axe.filter((violation) => violation.rule === 'target-size').flatMap((violation) => violation.nodes);
  const all = view.elements.filter((element) => element.visible && ['button', 'link', 'field'].includes(element.kind)).length;
  if (nodes.length === 0) return pass(`none of ${all} is too small`);
  return warn(`${nodes.length} of ${Math.max(all, nodes.length)} are too small or too close together`, nodes.map((node) => node.element));
}, 'mobile');

const font = perDevice({
  id: 'mobile.font',
  title: 'Text is large enough to read on a phone',
  category: 'mobile',
  threshold: 'at most 10% of the text under 12 px',
  method: 'share of visible characters set smaller than 12 px',
  source: 'heuristic',
}, (view) => {
  const { characters, smallCharacters } = view.text;
  if (characters === 0) return unknown('no visible text');
  const share = smallCharacters / characters;
  const value = `${Math.round(share * 100)}% of ${characters.toLocaleString('en')} characters are smaller than 12 px`;
  const small = view.elements.filter((element) => element.visible && element.text !== '' && element.style.fontSize < 12);
  return share > 0.1 ? warn(value, small) : pass(value);
}, 'mobile');

const viewport = perDevice({
  id: 'mobile.viewport',
  title: 'The page is laid out for phones and can be zoomed',
  category: 'mobile',
  threshold: 'a viewport meta tag that allows zooming to 200%',
  method: 'content of the viewport meta tag',
  source: 'SC 1.4.4',
}, ({ metaViewport }) => {
  if (metaViewport === null) return fail('no viewport meta tag');
  const settings = new Map(metaViewport.toLowerCase().split(/[,;]/).map((part) => {
    const [name = '', setting = ''] = part.split('=');
    return [name.trim(), setting.trim()];
  }));
  const zoomless = ['no', '0'].includes(settings.get('user-scalable') ?? '') || Number(settings.get('maximum-scale') ?? 5) < 2;
  return zoomless ? fail(`zooming is switched off (${metaViewport})`) : pass(metaViewport);
}, 'mobile');

export const mobile: Rule[] = [overflow, targets, font, viewport];
