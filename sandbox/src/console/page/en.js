// English.

import { enMore } from './en-more.js';

export const en = {
  ...enMore,
  brand: 'WeChat Pay sandbox', simulator: 'simulator', skip: 'Skip to content', nav: 'Views', copy: 'Copy', copied: 'Copied', cancel: 'Cancel', close: 'Close', save: 'Save',
  live: 'Live', 'not.live': 'No connection to the sandbox', ticker: 'Latest requests',
  'bar.clock': 'Business time', 'bar.used': 'Redeemed', 'bar.returned': 'Returned', 'bar.armed': 'Faults',
  'nav.coupons': 'Coupons', 'nav.phone': 'Phone', 'nav.faults': 'Faults', 'nav.log': 'Log', 'nav.truth': 'Truth', 'nav.setup': 'Connection', 'nav.record': 'Record',

  'coupons.lead': 'Every coupon this sandbox knows. Scan a code from the screen, or change its state.',
  'coupons.owner': 'Owner', 'coupons.state': 'State', 'coupons.search': 'Search code or name', 'coupons.all.states': 'All states', 'coupons.all.owners': 'All owners',
  'coupons.count': '{n} coupons', 'coupons.count.shown': '{n} coupons, {shown} of them shown: search for the others', 'coupons.none': 'No coupon here.', 'coupons.qr': 'QR code of {code}', 'coupons.bars': 'Code 128 of {code}',
  'coupons.worth': 'Worth', 'coupons.stores': 'Stores', 'coupons.hours': 'Hours', 'coupons.anyone': 'whoever asks', 'coupons.number': 'Redeemed under', 'coupons.acts': 'What happens to {code}',
  'state.EFFECTIVE': 'Usable', 'state.USED': 'Redeemed', 'state.PENDING': 'Not yet valid', 'state.CONFIRMING': 'To be confirmed', 'state.EXPIRED': 'Expired', 'state.DELETED': 'Deleted', 'state.DEACTIVATED': 'Deactivated', 'state.locked': 'Locked',
  'family.busifavor': '商家券', 'coupons.stock': 'Stock', 'worth.over': 'from {price}', 'worth.any': 'any amount', 'worth.NORMAL': '{off} off, {over}', 'worth.DISCOUNT': '{percent} % off, {over}', 'worth.EXCHANGE': 'for {price}, {over}',
  'stores.NONE': 'no restriction', 'stores.ALL': 'any store, must be named', 'stores.SPECIFIC': 'only {list}',
  'hours.always': 'at any time', 'hours.never': 'not at this hour',
  'day.MONDAY': 'Mon', 'day.TUESDAY': 'Tue', 'day.WEDNESDAY': 'Wed', 'day.THURSDAY': 'Thu', 'day.FRIDAY': 'Fri', 'day.SATURDAY': 'Sat', 'day.SUNDAY': 'Sun', 'day.all': 'every day', 'day.joint': ' ',
  'valid.left': '{span} left', 'valid.begins': 'begins in {span}', 'valid.ended': 'ended {span} ago',
  'span.s': '{n} s', 'span.m': '{n} min', 'span.h': '{n} h', 'span.d': '{n} days', 'step.one.s': '1 s', 'step.one.m': '1 min', 'step.one.h': '1 h', 'step.one.d': '1 day',
  'act.expire': 'Expire', 'act.lock': 'Lock', 'act.unlock': 'Unlock', 'act.delete': 'User deletes', 'act.redeem_elsewhere': 'Redeem elsewhere', 'act.return': 'Return', 'act.other_store': 'Other store', 'act.any_store': 'Any store', 'act.renew': 'Make usable',
  'act.expire.why': 'Its validity ended a second ago: 268578776', 'act.lock.why': 'Another redemption is in progress: 272756746', 'act.unlock.why': 'No other redemption is in progress', 'act.delete.why': 'The user deletes it in WeChat: 272756769',
  'act.redeem_elsewhere.why': 'Another till redeems it: 272756745', 'act.return.why': 'Another till takes the redemption back', 'act.other_store.why': 'Only another store may redeem it: 268584404', 'act.any_store.why': 'Stores no longer matter', 'act.renew.why': 'Usable, unlocked, valid for 30 days, at any store',
  'act.expire.done': '{code} has expired', 'act.lock.done': '{code} is locked', 'act.unlock.done': '{code} is unlocked', 'act.delete.done': 'The user has deleted {code}', 'act.redeem_elsewhere.done': '{code} was redeemed elsewhere', 'act.return.done': '{code} was returned', 'act.other_store.done': '{code} is for another store now', 'act.any_store.done': '{code} is for any store', 'act.renew.done': '{code} is usable',

  'offer.new': 'New coupon', 'offer.lead': 'Product coupon, stock and sending behind it are made as a brand makes them. The user has it at once, confirmed.',
  'offer.kind': 'Kind', 'kind.NORMAL': 'Money off', 'kind.DISCOUNT': 'Discount', 'kind.EXCHANGE': 'Exchange',
  'offer.threshold': 'From, yuan', 'offer.threshold.hint': '0: any amount', 'offer.off': 'Taken off, yuan', 'offer.fold': 'Tenths to pay (折)', 'offer.fold.hint': '8: a fifth off', 'offer.price': 'To pay, yuan',
  'offer.begins': 'Begins in days', 'offer.begins.hint': '0: now', 'offer.valid': 'Valid for days', 'offer.valid.hint': '1 to 365', 'offer.days': 'On these days', 'offer.from': 'From', 'offer.to': 'To', 'offer.code': 'Code', 'offer.code.hint': 'left out: 20 digits', 'offer.make': 'Make it', 'offer.made': '{code} is in the wallet',
  'offer.bad.amount': '{label}: an amount in yuan is expected, such as 50 or 9.90', 'offer.bad.number': '{label}: a whole number is expected', 'offer.bad.fold': 'Tenths to pay: above 0 and below 10, with at most one decimal place', 'offer.bad.time': '{label}: a time is missing', 'offer.bad.days': 'Choose at least one day',

  'phone.lead': 'What the customer holds up to the scanner. A real scanner reads it from the screen.', 'phone.user': 'Customer', 'phone.wallet': 'Cards & coupons', 'phone.coupon': 'Coupon', 'phone.coupons': 'Wallet', 'phone.payment': 'Payment code',
  'phone.every.minute': 'New every minute.', 'phone.bars': 'Code 128 of the payment code', 'phone.qr': 'QR code', 'phone.note': 'The payment code is made up. It has the form that tills check, 18 digits that begin with 10 to 15, and pays nothing.',

  'faults.lead': 'What goes wrong next. At most one fault acts on a request: the earliest armed one that fits.', 'faults.clear': 'Clear all', 'faults.cleared': 'Cleared', 'faults.presets': 'Often needed', 'faults.now': 'Now', 'faults.own': 'Your own', 'faults.none': 'Nothing is armed: everything goes right.',
  'faults.armed': 'Armed: {what}', 'faults.end': 'Clear', 'faults.fired': 'acted {n} of {of}', 'faults.any': 'any operation', 'faults.host': 'host {n}', 'faults.both': 'any host', 'faults.skip.n': 'after {n}', 'faults.effect': 'takes effect', 'faults.no.effect': 'takes no effect', 'faults.usual': 'as usual for this fault', 'sign.with.auto': 'whichever the request asks for', 'sign.with.certificate': 'platform certificate', 'sign.with.public-key': 'public key', 'sign.with.mixed': 'certificate and public key by turns', 'faults.bad.value': '{label}: a number, true, false or JSON is expected', 'faults.signs': 'Answers are signed by: {key}',
  'faults.kind': 'What happens', 'faults.on': 'To which operation', 'faults.times': 'How often', 'faults.times.hint': 'empty: until cleared', 'faults.coupon': 'Only this coupon', 'faults.coupon.hint': 'the beginning of a code', 'faults.more': 'More conditions', 'faults.where': 'Host', 'faults.skip': 'Spare the first', 'faults.percent': 'Probability, %', 'faults.processed': 'The request', 'faults.arm': 'Arm it',
  'lamp.armed': 'armed', 'lamp.fired': 'has acted', 'lamp.spent': 'done',
  'preset.lost_answer': 'Lost answer', 'preset.lost_answer.why': 'The next redemption takes effect, then the line breaks.', 'preset.line_down': 'Line down', 'preset.line_down.why': 'Both ports are closed until you clear it.', 'preset.slow': 'Slow', 'preset.slow.why': 'The next three answers come after 6 seconds.', 'preset.rate_limited': '429', 'preset.rate_limited.why': 'Three times: too many requests, try in 2 seconds.',
  'preset.captive_portal': 'Captive portal', 'preset.captive_portal.why': 'A Wi-Fi login page in place of every answer.', 'preset.wrong_clock': 'Wrong clock', 'preset.wrong_clock.why': 'The server is 8 hours ahead: honest requests get 401.', 'preset.key_change': 'Key change', 'preset.key_change.why': 'A new platform certificate signs everything from now on.',
  'group.lost': 'The answer is lost', 'group.line': 'The line is bad', 'group.slow': 'It takes long', 'group.no': 'WeChat Pay says no', 'group.sign': 'The signature is wrong', 'group.time': 'The time is wrong', 'group.content': 'The answer is odd', 'group.other': 'Others',

  'log.lead': 'Each request as it comes. Choose one to see all of it, and why its signature passed or failed.', 'log.off': 'The log is off (--log-capacity 0).', 'log.search': 'Search', 'log.only': 'Which', 'log.pause': 'Pause', 'log.count': '{n} requests', 'log.count.of': '{n} among the latest {kept} of {all} requests', 'log.shown': ', the latest {n} shown', 'log.none': 'No request yet. Point your till at this sandbox.', 'log.no.answer': 'no answer', 'log.effect': 'effect', 'log.duplicate': 'repeat', 'log.connection': 'connection', 'log.open': 'Request {seq} at {time}',
  'only.all': 'All', 'only.errors': 'Failed', 'only.unsigned': 'Bad signature', 'only.faults': 'With a fault', 'only.effects': 'With an effect',
  'column.time': 'Time', 'column.till': 'Till', 'column.operation': 'Operation', 'column.about': 'Coupon, number', 'column.status': 'Status', 'column.fault': 'Fault', 'column.effect': 'Effect', 'column.number': 'Number', 'column.coupon': 'Coupon', 'column.happened': 'Happened', 'column.told': 'Caller was told', 'column.verdict': 'Verdict',

  'truth.lead': 'What really happened beside what each caller believes. Red is where they differ.', 'truth.only': 'Show only', 'truth.once': '{n} redemptions, each number at most once.', 'truth.twice': '{n} numbers took effect more than once!', 'truth.none': 'Nothing has happened yet.', 'truth.how': 'How the console learns what a caller was told',
  'truth.journal.how': "From a wxcoupon till's journal, which is read and never touched:", 'truth.post.how': 'From any program that says so itself. told is done, not_done, in_doubt or undone; operation, coupon_code, status, message, till and time may be added:',
  'journal.absent': 'No journal yet: the till makes it when it starts.', 'journal.none': 'No journal is read; what is not posted is unknown.', 'journal.read': 'Journal: {rows} requests.', 'journal.failed': 'The journal cannot be read: {issue}',
  'verdict.agrees': 'Agrees', 'verdict.differs': 'Differs', 'verdict.open': 'Open', 'verdict.unknown': 'Unknown',
  'effect.used': 'redeemed', 'effect.returned': 'returned', 'effect.sent': 'sent', 'effect.pre_sent': 'token made', 'effect.confirmed': 'confirmed', 'effect.deactivated': 'deactivated', 'effect.created': 'created', 'effect.updated': 'changed', 'effect.nothing': 'nothing', 'effect.undone': 'returned since',
  'told.done': 'done', 'told.not_done': 'not done', 'told.in_doubt': 'not yet known', 'told.undone': 'called off', 'told.unknown': 'unknown', 'source.journal': 'journal', 'source.posted': 'posted', 'source.console': 'console',
};
