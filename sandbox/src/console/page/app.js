// The page: which view is shown, and what stands around it.

import { get } from './api.js';
import { clock } from './format.js';
import { connect } from './live.js';
import { current, setLanguage, t, translate } from './i18n.js';
import { el, fill } from './dom.js';
import { businessNow, listen, store } from './store.js';
import { showTicker } from './log.js';
import * as coupons from './coupons.js';
import * as phone from './phone.js';
import * as faults from './faults.js';
import * as log from './log.js';
import * as truth from './truth.js';
import * as setup from './setup.js';
import * as record from './record.js';

const VIEWS = { coupons, phone, faults, log, truth, setup, record };

let leave = () => {};

function wanted() {
  const name = location.hash.slice(1).split('/')[0];
  return VIEWS[name] ? name : 'coupons';
}

function show(takeFocus) {
  const name = wanted();
  leave();
  const view = document.getElementById('view');
  view.className = `view-${name}`;
  document.body.dataset.view = name;
  fill(view);
  leave = VIEWS[name].show(view) ?? (() => {});
  document.title = `${t(`nav.${name}`)} · ${t('brand')}`;
  for (const link of document.querySelectorAll('#rail a')) {
    if (link.hash !== `#${name}`) {
      link.removeAttribute('aria-current');
      continue;
    }
    link.setAttribute('aria-current', 'page');
    // On a narrow screen the row of names is wider than it.
    link.scrollIntoView({ block: 'nearest', inline: 'center' });
  }
  if (takeFocus) {
    view.focus({ preventScroll: true });
    scrollTo(0, 0);
  }
}

function dress() {
  translate();
  const rail = document.getElementById('rail');
  rail.setAttribute('aria-label', t('nav'));
  fill(rail, el('ul', {}, Object.keys(VIEWS).map((name) =>
    el('li', {}, el('a', { href: `#${name}` }, t(`nav.${name}`), el('span', { class: 'count', id: `count-${name}` }))))));
  const other = current() === 'zh' ? 'en' : 'zh';
  const language = document.getElementById('language');
  language.textContent = other === 'zh' ? '中文' : 'English';
  language.lang = other;
  document.getElementById('ticker').setAttribute('aria-label', t('ticker'));
  showTicker(document.getElementById('ticker'));
  tellConnection();
  tellState();
}

function tellConnection() {
  const node = document.getElementById('connection');
  node.className = store.connected ? 'connection on' : 'connection off';
  node.textContent = store.connected ? t('live') : t('not.live');
}

function tellState() {
  const state = store.state;
  if (!state) return;
  const armed = state.faults.filter((view) => !view.spent).length;
  document.getElementById('fact-used').textContent = state.used;
  document.getElementById('fact-returned').textContent = state.returned;
  const node = document.getElementById('fact-armed');
  node.textContent = armed;
  node.classList.toggle('armed', armed > 0);
  const count = document.getElementById('count-faults');
  if (count) count.textContent = armed || '';
}

function tick() {
  const node = document.getElementById('fact-clock');
  if (store.state) node.textContent = clock(businessNow());
  const moved = store.state && (store.state.offset_s !== 0 || store.state.world_offset_s !== 0);
  node.classList.toggle('armed', Boolean(moved));
}

document.getElementById('skip').addEventListener('click', (event) => {
  // The fragment names the view here.
  event.preventDefault();
  document.getElementById('view').focus();
});
document.getElementById('language').addEventListener('click', () => {
  setLanguage(current() === 'zh' ? 'en' : 'zh');
  dress();
  show(false);
});
addEventListener('hashchange', () => show(true));
listen(['connection'], tellConnection);
listen(['state'], tellState);
// It was started again: addresses and keys may be others.
listen(['run'], async () => {
  store.about = await get('/console/about');
  show(false);
});

dress();
try {
  store.about = await get('/console/about');
} catch (error) {
  fill(document.getElementById('view'), el('p', { class: 'empty' }, error.message));
  throw error;
}
show(false);
connect();
tick();
setInterval(tick, 1000);
