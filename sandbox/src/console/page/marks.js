// How a request ended, as small marks.

import { chip } from './dom.js';
import { maybe, t } from './i18n.js';

export function statusChip(line) {
  if (!line.http_status) return chip(t('log.no.answer'), 'bad');
  const kind = line.http_status < 300 ? 'good' : line.http_status === 401 || line.http_status >= 500 ? 'bad' : 'warn';
  return chip(String(line.http_status), kind);
}

export function effect(line) {
  if (line.took_effect) return chip(t('log.effect'), 'done');
  if (line.duplicate) return chip(t('log.duplicate'), 'wait');
  return null;
}

// A fault in words; its name is the title.
export function faultChip(kind) {
  if (!kind) return null;
  const mark = chip(maybe(`fault.${kind}`, kind), 'fault');
  mark.title = kind;
  return mark;
}
