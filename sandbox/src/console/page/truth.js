// The ledger beside what each caller was told.

import { get } from './api.js';
import { attempt, chip, command, copyButton, el, fill, heading, settled } from './dom.js';
import { hours, operation } from './format.js';
import { said, t } from './i18n.js';
import { listen, store } from './store.js';

const KINDS = { agrees: 'good', differs: 'bad', open: 'warn', unknown: 'off' };
const VERDICTS = ['differs', 'open', 'agrees', 'unknown'];
// A journal is a file: nobody says when it changes.
const PERIOD = 1500;

const chosen = { only: '' };

export function show(view) {
  const tiles = el('div', { class: 'tiles', role: 'group', 'aria-label': t('truth.only') });
  const proof = el('p', { class: 'proof', role: 'status' });
  const source = el('p', { class: 'note' });
  const body = el('tbody');
  const columns = ['time', 'number', 'coupon', 'happened', 'told', 'verdict'];
  const { about } = store;
  const ca = about.is_remote ? '--cacert ca.pem ' : '';
  const token = about.has_token ? '-H "Authorization: Bearer TOKEN" ' : '';
  // For sh and the command interpreter of Windows alike.
  const example = `curl ${ca}${token}-X POST ${location.origin}/told -d "{\\"number\\":\\"SALE_0001\\",\\"told\\":\\"done\\"}"`;
  fill(view,
    heading(t('nav.truth'), t('truth.lead')),
    tiles, proof, source,
    el('div', { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': t('nav.truth') },
      el('table', { class: 'truth' },
        el('thead', {}, el('tr', {}, columns.map((name) => el('th', { scope: 'col', class: name }, t(`column.${name}`))))), body)),
    el('details', { class: 'panel' }, el('summary', {}, t('truth.how')),
      el('p', {}, t('truth.journal.how')), command('wxcoupon-sandbox --journal /var/lib/pos/till-3.journal'),
      el('p', {}, t('truth.post.how')), command(example), copyButton(example),
      about.has_token ? el('p', { class: 'note' }, t('setup.token')) : null,
      about.is_remote ? el('p', {}, el('a', { href: '/ca.pem', download: 'ca.pem' }, t('setup.ca'))) : null));

  let before = '';
  async function load() {
    const truth = await attempt(() => get('/truth'));
    if (!truth || !body.isConnected) return;
    const text = JSON.stringify(truth) + chosen.only;
    if (text === before) return;
    before = text;
    draw(truth);
  }

  function draw({ lines, counts, left_out: leftOut, journal }) {
    fill(tiles, VERDICTS.map((verdict) => el('button', {
      type: 'button', class: `tile ${KINDS[verdict]}`, 'aria-pressed': String(chosen.only === verdict), data: { verdict },
      on: { click: () => { chosen.only = chosen.only === verdict ? '' : verdict; load(); } },
    }, el('strong', { class: 'mono' }, counts[verdict]), el('span', {}, t(`verdict.${verdict}`)))));
    proof.textContent = counts.twice ? t('truth.twice', { n: counts.twice }) : t('truth.once', { n: counts.redemptions });
    proof.classList.toggle('bad', counts.twice > 0);
    source.textContent = t(`journal.${journal.state}`, { rows: journal.rows, issue: journal.issue ? said(journal.issue) : '', age: journal.age_s })
      + (journal.left_out ? ` ${t('journal.left_out', { n: journal.left_out })}` : '')
      + (journal.before ? ` ${t('journal.before', { n: journal.before })}` : '');
    source.classList.toggle('bad', journal.state === 'failed');
    const fitting = lines.filter((line) => !chosen.only || line.verdict === chosen.only);
    const shown = fitting.slice(0, 500);
    const hidden = (chosen.only ? counts[chosen.only] : lines.length + leftOut) - shown.length;
    const cell = (text) => el('tr', {}, el('td', { colspan: '6', class: 'empty' }, text));
    fill(body, shown.length ? shown.map(row) : cell(t('truth.none')), hidden > 0 ? cell(t('truth.left_out', { n: hidden })) : null);
  }

  load();
  const timer = setInterval(load, PERIOD);
  const stop = listen(['ledger', 'told'], settled(load));
  return () => {
    clearInterval(timer);
    stop();
  };
}

function row(line) {
  const { told } = line;
  return el('tr', { class: `verdict-${line.verdict}`, data: { number: line.number } },
    el('td', { class: 'time mono' }, hours(line.time)),
    el('td', { class: 'number mono' }, line.number),
    el('td', { class: 'coupon mono' }, line.coupon_code, el('span', { class: 'sub' }, operation(line.operation))),
    el('td', { class: 'happened' },
      line.effect ? chip(t(`effect.${line.effect}`), 'done') : chip(t('effect.nothing'), 'off'),
      line.effects > 1 ? chip(`×${line.effects}`, 'bad') : null,
      line.is_undone ? chip(t('effect.undone'), 'wait') : null),
    el('td', { class: 'told' },
      told ? [told, ...line.others].map((told) => word(told, line)) : chip(t('told.unknown'), 'off')),
    el('td', { class: 'verdict' }, chip(t(`verdict.${line.verdict}`), KINDS[line.verdict])));
}

// What one till was told; another coupon or operation than the ledger's is named.
function word(told, line) {
  const kind = { done: 'done', not_done: 'off', in_doubt: 'warn', undone: 'wait' }[told.told];
  const status = told.status && told.status !== '0' ? told.status : '';
  const other = (name) => (told[name] !== line[name] ? told[name] : '');
  const about = [other('operation') && operation(told.operation), other('coupon_code')];
  return [chip(t(`told.${told.told}`), kind),
    el('span', { class: 'sub' }, [t(`source.${told.source}`), told.till, ...about, status, told.message].filter(Boolean).join(' · '))];
}
