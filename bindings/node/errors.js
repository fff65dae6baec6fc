"use strict";

const numbers = require("./numbers");
const { lib } = require("./library");

/**
 * What every failed call throws. `answer` is the whole answer; the class tells what the till does (wxcoupon.h).
 */
class WxcouponError extends Error {
  constructor(status, answer) {
    super(answer.message || lib.wxcoupon_status_text(status));
    this.name = new.target.name;
    this.status = status;
    this.statusName = lib.wxcoupon_status_name(status);
    this.answer = answer;
    this.hint = answer.hint;
    this.cashier = answer.cashier;
    this.field = answer.field;
    this.inDoubt = Boolean(answer.in_doubt);
  }
}

/** The program is wrong; nothing was sent. */
class Misuse extends WxcouponError {}
/** This machine is wrong; nothing was sent. */
class Local extends WxcouponError {}
/** Nothing took effect; try again with the same number. */
class NotSent extends WxcouponError {}
/** It may have happened: keep the sale open and settle, or repeat the same request. */
class InDoubt extends WxcouponError {}
/** WeChat Pay said no; tell the customer. */
class Refused extends WxcouponError {}
/** Not applied now; wait answer.retry_after_ms. */
class Busy extends WxcouponError {}
/** A defect of the library; look at inDoubt, settle, report it. */
class Bug extends WxcouponError {}

const classes = {
  [numbers.CLASS_MISUSE]: Misuse,
  [numbers.CLASS_LOCAL]: Local,
  [numbers.CLASS_NOT_SENT]: NotSent,
  [numbers.CLASS_IN_DOUBT]: InDoubt,
  [numbers.CLASS_REFUSED]: Refused,
  [numbers.CLASS_BUSY]: Busy,
};

/** Throws the error of a status that is not OK. */
function check(status, answer) {
  if (status !== numbers.OK) {
    const kind = classes[lib.wxcoupon_status_class(status)] || Bug;
    throw new kind(status, answer || {});
  }
  return answer;
}

module.exports = { WxcouponError, Misuse, Local, NotSent, InDoubt, Refused, Busy, Bug, check };
