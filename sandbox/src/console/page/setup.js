// Connection: config.json with a snippet per language, notifications, clock, certificates.

import * as certificates from './certificates.js';
import * as clock from './clock.js';
import { button, copyButton, el, fill, heading } from './dom.js';
import { current, t } from './i18n.js';
import * as notifications from './notifications.js';
import { LANGUAGES, snippet } from './snippets.js';
import { store } from './store.js';

let chosen = 'C';

export function show(view) {
  const sections = [clock.section(), certificates.section(), notifications.section()];
  fill(view, heading(t('nav.setup'), t('setup.lead')),
    el('div', { class: 'columns' }, config(), sections.map(({ node }) => node)));
  return () => sections.forEach(({ stop }) => stop());
}

function config() {
  const { about } = store;
  const code = el('pre', { class: 'snippet', tabindex: '0', id: 'snippet', 'aria-live': 'polite' });
  const text = () => snippet(chosen, about, current());
  const tabs = el('div', { class: 'languages', role: 'group', 'aria-label': t('setup.language') });
  const draw = () => {
    fill(tabs, LANGUAGES.map((name) => button(name, () => {
      chosen = name;
      draw();
      tabs.querySelector('[aria-pressed="true"]').focus();
    }, { class: 'small', 'aria-pressed': String(name === chosen), data: { language: name } })));
    code.textContent = text();
  };
  draw();
  return el('section', { class: 'panel wide-panel', 'aria-labelledby': 'config-title' },
    el('h2', { id: 'config-title' }, t('setup.config')),
    el('p', { class: 'note' }, t('setup.config.lead')),
    el('dl', { class: 'hashes' },
      about.is_remote ? null : [el('dt', {}, 'config.json'), el('dd', { class: 'mono' }, about.config, copyButton(about.config))],
      el('dt', {}, 'base_urls'), el('dd', { class: 'mono' }, about.urls.join('  ')),
      el('dt', {}, 'mchid'), el('dd', { class: 'mono' }, about.mchid)),
    el('div', { class: 'buttons' },
      el('a', { class: 'button primary', href: '/config.json', download: 'config.json', id: 'download-config' }, t('setup.download')),
      el('a', { class: 'button', href: '/brand_config.json', download: 'brand_config.json' }, t('setup.download.brand')),
      about.is_remote ? el('a', { class: 'button', href: '/ca.pem', download: 'ca.pem', id: 'download-ca' }, t('setup.ca')) : null),
    tabs, code, copyButton(text));
}
