// Two clocks: that of signatures, and business time.

import { post } from './api.js';
import { attempt, button, el, fill } from './dom.js';
import { moment, span, step as words } from './format.js';
import { t } from './i18n.js';
import { businessNow, listen, signingNow, store } from './store.js';

const STEPS = { offset_s: [-86400, -600, 600, 8 * 3600], world_offset_s: [-86400, 3600, 86400, 30 * 86400] };

export function section() {
  const rows = el('div', { class: 'clocks' });
  const faces = {};

  function clockRow(name) {
    faces[name] = el('p', { class: 'mono face' });
    const off = store.state?.[name] ?? 0;
    const move = (to) => attempt(() => post('/clock', { [name]: to }), t('clock.moved'));
    return el('div', { class: `clock ${off ? 'moved' : ''}`, role: 'group', 'aria-label': t(`clock.${name}`) },
      el('h3', {}, t(`clock.${name}`)), el('p', { class: 'note' }, t(`clock.${name}.why`)), faces[name],
      el('p', { class: 'sub' }, off ? t(off > 0 ? 'clock.ahead' : 'clock.behind', { span: span(off) }) : t('clock.right')),
      el('div', { class: 'buttons' },
        STEPS[name].map((step) => button(`${step > 0 ? '+' : '−'}${words(step)}`, () => move((store.state?.[name] ?? 0) + step), { class: 'small', data: { clock: name, step } })),
        button(t('clock.reset'), () => move(0), { class: 'small', disabled: !off, data: { clock: name, step: 0 } })));
  }

  function tick() {
    if (faces.offset_s) faces.offset_s.textContent = moment(signingNow());
    if (faces.world_offset_s) faces.world_offset_s.textContent = moment(businessNow());
  }

  function draw() {
    const focus = document.activeElement?.dataset;
    const held = focus?.clock ? `[data-clock="${focus.clock}"][data-step="${focus.step}"]:not(:disabled)` : null;
    fill(rows, clockRow('offset_s'), clockRow('world_offset_s'));
    tick();
    if (held) rows.querySelector(held)?.focus({ preventScroll: true });
  }
  draw();
  const timer = setInterval(tick, 500);
  const stop = listen(['clock'], draw);
  const node = el('section', { class: 'panel', 'aria-labelledby': 'clock-title' }, el('h2', { id: 'clock-title' }, t('clock.title')), rows);
  return { node, stop: () => { clearInterval(timer); stop(); } };
}
