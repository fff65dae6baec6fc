// Platform certificates, and which key signs.

import { get, post } from './api.js';
import { attempt, button, chip, copyButton, el, field, fill, settled } from './dom.js';
import { t } from './i18n.js';
import { listen, store } from './store.js';

export function section() {
  const list = el('ul', { class: 'certificates' });
  const policy = el('select', { id: 'sign-with' }, ['auto', 'public-key', 'certificate', 'mixed'].map((name) => el('option', { value: name }, t(`sign.${name}`))));
  const share = el('input', { id: 'share', type: 'range', min: '0', max: '100', step: '5', value: '50' });
  const percent = el('output', { for: 'share', class: 'mono' });
  const only = el('input', { type: 'checkbox', id: 'public-key-only' });
  const change = (body, done) => attempt(() => post('/certificates', body), done);
  const sign = () => change({ sign_with: policy.value === 'mixed' ? `mixed:${share.value}` : policy.value }, t('sign.changed'));
  policy.addEventListener('change', sign);
  share.addEventListener('change', sign);
  share.addEventListener('input', () => { percent.textContent = `${share.value} %`; });
  only.addEventListener('change', () => change({ public_key_only: only.checked }, t('sign.changed')));
  const slider = el('div', { class: 'share' }, field(t('sign.share'), share), percent);

  const load = settled(async () => {
    const [name, mixed] = (store.state?.sign_with ?? 'auto').split(':');
    policy.value = name;
    if (mixed) share.value = mixed;
    percent.textContent = `${share.value} %`;
    slider.hidden = name !== 'mixed';
    only.checked = store.state?.public_key_only ?? false;
    const listed = (await attempt(() => get('/certificates'))) ?? [];
    fill(list, listed.map((one) => el('li', {},
      el('span', { class: 'mono serial' }, one.serial_no), one.signs ? chip(t('sign.signs'), 'good') : null,
      copyButton(one.pem, t('sign.copy')),
      button(t('sign.retire'), () => change({ retire: one.serial_no }, t('sign.retired')), { class: 'small', disabled: listed.length < 2, data: { retire: one.serial_no } }))));
  });
  load();
  const stop = listen(['certificates'], load);
  const node = el('section', { class: 'panel', 'aria-labelledby': 'sign-title' },
    el('h2', { id: 'sign-title' }, t('sign.title')),
    el('p', { class: 'note' }, t('sign.lead')),
    field(t('sign.with'), policy), slider,
    el('label', { class: 'check' }, only, t('sign.only')),
    list,
    el('div', { class: 'buttons' }, button(t('sign.rotate'), () => change({ rotate: true }, t('sign.rotated')), { id: 'rotate' })));
  return { node, stop };
}
