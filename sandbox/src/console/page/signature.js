// Why a signature passed or failed, step by step.

import { chip, copyButton, el } from './dom.js';
import { maybe, t } from './i18n.js';

export function requestReport(report, entry) {
  const failed = entry.http_status === 401 || !entry.signature_ok;
  const cause = failed && report.cause ? maybe(`cause.${report.cause}`, report.cause) : '';
  const also = cause && report.also ? ` ${t('signature.also')} ${maybe(`cause.${report.also}`, report.also)}` : '';
  const content = [
    el('ol', { class: 'steps' }, report.steps.map((step) => el('li', { class: step.passed ? 'passed' : 'failed' },
      chip(step.passed ? t('step.passed') : t('step.failed'), step.passed ? 'good' : 'bad'),
      el('div', {},
        el('strong', {}, t(`step.${step.name}`)),
        step.passed ? shown(step.name === 'header' ? '' : found(step)) : el('dl', { class: 'wanted' },
          step.expected ? [el('dt', {}, t('step.expected')), el('dd', { class: 'mono' }, step.expected)] : null,
          el('dt', {}, t('step.found')), el('dd', { class: 'mono' }, maybe(`cause.${step.found}`, found(step)) || t('step.nothing'))))))),
    report.lines.length ? lines(report, t('signature.five')) : null,
  ];
  if (!failed) {
    return el('section', {}, el('details', {}, el('summary', {}, el('h3', {}, t('signature.passed'))), content));
  }
  return el('section', { class: 'why' },
    el('h3', { id: 'why' }, t('signature.why')),
    cause ? el('p', { class: 'cause' }, cause, also) : null,
    content);
}

// What was found, and whose it is or how far it is off.
const found = (step) => step.found + (step.whose ? t(`owner.${step.whose}`) : '')
  + (step.ahead_s ? t(step.ahead_s > 0 ? 'step.ahead' : 'step.behind', { n: Math.abs(step.ahead_s) }) : '');

const shown = (text) => (text ? el('span', { class: 'sub mono' }, text) : null);

function lines(report, title) {
  const text = `${report.lines.join('\n')}\n`;
  return el('div', { class: 'signed' },
    el('div', { class: 'signed-head' }, el('h4', {}, title), copyButton(text)),
    el('ol', { class: 'signed-lines mono' }, report.lines.map((line) => el('li', {}, el('span', { class: line ? '' : 'nothing' }, line || t('signature.empty'))))),
    el('p', { class: 'note' }, t('signature.newline')),
    el('dl', { class: 'hashes' },
      el('dt', {}, 'SHA-256'), el('dd', { class: 'mono' }, report.sha256),
      report.signed_sha256 && report.signed_sha256 !== report.sha256
        ? [el('dt', {}, t('signature.signed')), el('dd', { class: 'mono changed' }, report.signed_sha256)] : null,
      report.bytes ? [el('dt', {}, t('signature.bytes')), el('dd', { class: 'mono' }, report.bytes)] : null));
}

export function answerReport(report) {
  const fits = report.fits === null ? ['wait', 'answer.unknown'] : report.fits ? ['good', 'answer.fits'] : ['bad', 'answer.spoiled'];
  return el('section', {},
    el('h3', {}, t('answer.signature')),
    el('p', {}, chip(t(fits[1]), fits[0]), report.is_probe ? chip(t('answer.probe'), 'bad') : null),
    el('dl', { class: 'hashes' },
      el('dt', {}, t('answer.key')), el('dd', {}, t(`key.${report.key}`), ' ', el('span', { class: 'mono' }, report.serial)),
      el('dt', {}, t('answer.age')), el('dd', { class: 'mono' }, report.age_s === null ? '–' : t('span.s', { n: report.age_s }))),
    lines(report, t('signature.three')));
}
