// Recording: HAR, curl, scenario files.

import { post } from './api.js';
import { attempt, button, command, copyButton, el, fill, heading } from './dom.js';
import { t } from './i18n.js';

export function show(view) {
  const line = 'wxcoupon-sandbox --scenario scenario.json --exit-with-stdin';
  const file = el('input', { type: 'file', id: 'scenario-file', accept: '.json,application/json', class: 'off-screen', on: { change: () => load(file) } });
  fill(view,
    heading(t('nav.record'), t('record.lead')),
    el('div', { class: 'columns' },
      el('section', { class: 'panel', 'aria-labelledby': 'har-title' },
        el('h2', { id: 'har-title' }, t('record.har')),
        el('p', { class: 'note' }, t('record.har.lead')),
        el('div', { class: 'buttons' },
          el('a', { class: 'button', href: '/requests.har', download: 'requests.har', id: 'download-har' }, t('record.har.save')))),
      el('section', { class: 'panel', 'aria-labelledby': 'curl-title' },
        el('h2', { id: 'curl-title' }, 'curl'),
        el('p', { class: 'note' }, t('record.curl.lead')),
        el('div', { class: 'buttons' }, el('a', { class: 'button', href: '#log' }, t('record.curl.open')))),
      el('section', { class: 'panel', 'aria-labelledby': 'scenario-title' },
        el('h2', { id: 'scenario-title' }, t('record.scenario')),
        el('p', { class: 'note' }, t('record.scenario.lead')),
        el('div', { class: 'buttons' },
          el('a', { class: 'button', href: '/scenario', download: 'scenario.json', id: 'save-scenario' }, t('record.scenario.save')),
          button(t('record.scenario.load'), () => file.click(), { id: 'load-scenario' }), el('label', { class: 'off-screen', for: 'scenario-file' }, t('record.scenario.load')), file),
        el('p', { class: 'note' }, t('record.ci')),
        command(line), copyButton(line)),
      el('section', { class: 'panel', 'aria-labelledby': 'reset-title' },
        el('h2', { id: 'reset-title' }, t('record.reset')),
        el('p', { class: 'note' }, t('record.reset.lead')),
        el('div', { class: 'buttons' }, reset()))));
}

async function load(file) {
  const [chosen] = file.files;
  if (!chosen) return;
  await attempt(async () => {
    const text = await chosen.text();
    try {
      JSON.parse(text);
    } catch {
      throw new Error(t('record.scenario.bad'));
    }
    return post('/scenario', text);
  }, ({ coupons, faults }) => t('record.scenario.loaded', { coupons, faults }));
  file.value = '';
}

// Asks once more before everything goes.
function reset() {
  const node = el('span', { class: 'buttons' });
  const draw = (sure) => fill(node, sure
    ? [button(t('record.reset.sure'), async () => {
      await attempt(() => post('/reset?all=true'), t('record.reset.done'));
      draw(false);
    }, { class: 'danger', id: 'reset-sure' }), button(t('cancel'), () => draw(false))]
    : [button(t('record.reset.over'), () => attempt(() => post('/reset'), t('record.reset.over.done')), { id: 'start-over' }), button(t('record.reset.do'), () => { draw(true); node.querySelector('button').focus(); }, { class: 'danger', id: 'reset' })]);
  draw(false);
  return node;
}
