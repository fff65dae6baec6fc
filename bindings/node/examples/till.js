"use strict";

// Everything a till does, against a sandbox: till.js CONFIG [FOLDER]. Ends with "all done", or with an error.
//
// The folder, if any, has a notification: headers.json and body, as a web server got them.
//
// To see an answer that is lost, and a question that takes its time, start the sandbox with
//     --fault process_then_hang,on=use,coupon=AUTO_LOST,times=1 --fault delay,ms=500,on=query,coupon=AUTO_SLOW

const assert = require("node:assert/strict");
const fs = require("node:fs");
const path = require("node:path");
const wxcoupon = require("wxcoupon");

const USER = { openid: "oSandboxUser0000000000000001", product_coupon_id: "1000000013", stock_id: "1000000013001" };
// Numbers and coupons of this run.
const RUN = Date.now().toString(16).toUpperCase();

function sale(code, number, more) {
  return {
    ...USER,
    coupon_code: code,
    out_request_no: number,
    use_time: "2025-08-03T12:00:00+08:00",
    associated_order_info: { transaction_id: "4200002812202508031234567890" },
    ...more,
  };
}

function expect(kind, status, run) {
  try {
    run();
  } catch (error) {
    assert(error instanceof kind && error.status === status, error);
    assert.equal(error.statusName, wxcoupon.statusName(status));
    return error;
  }
  throw new Error(`no ${kind.name}`);
}

function redeem(till) {
  const question = { ...USER, coupon_code: `AUTO_${RUN}` };
  const coupon = till.query(question);
  assert.equal(coupon.data.coupon_state, "EFFECTIVE");
  const worth = till.quote({ coupon, amount: 12800 }).data;
  // The cashier's text names what was not checked, too. An order of 0 does not exist.
  console.log("cashier:", worth.cashier);
  assert(worth.usable && worth.payable > 0 && worth.unchecked.length === 0);
  assert.deepEqual([worth.discount, worth.payable], [2560, 10240]);

  const paid = sale(`AUTO_${RUN}`, `NODE_SALE_1_${RUN}`);
  const first = till.use(paid);
  assert(first.data.coupon_state === "USED" && !first.recorded);
  const again = till.use(paid);
  assert(again.recorded);
  assert.deepEqual(again.data, first.data);

  const used = sale("SBX_USED", `NODE_SALE_2_${RUN}`);
  const refusal = expect(wxcoupon.Refused, wxcoupon.E_COUPON_STATE, () => till.use(used));
  assert(refusal.cashier === "优惠券已被使用" && refusal.hint && refusal.answer.wechat.message);
  console.log("cashier:", refusal.cashier);

  const back = till.return({ ...question, out_request_no: `NODE_RETURN_1_${RUN}` });
  assert.equal(back.data.coupon_state, "EFFECTIVE");
}

function send(till) {
  let sent;
  try {
    sent = till.send({ ...USER, send_request_no: `NODE_SEND_1_${RUN}`, attach: "柜台三号" }).data;
  } catch (error) {
    // A customer gets one coupon of this stock, and has it from an earlier run.
    assert(error instanceof wxcoupon.Refused && error.answer.wechat.subcode === 272756740, error);
    return;
  }
  const held = { ...USER, coupon_code: sent.coupon_code };
  assert.equal(till.confirm({ ...held, out_request_no: `NODE_CONFIRM_1_${RUN}` }).data.coupon_state, "EFFECTIVE");
  const gone = till.deactivate({ ...held, out_request_no: `NODE_DEACTIVATE_1_${RUN}`, deactivate_reason: "顾客退货" });
  assert.equal(gone.data.coupon_state, "DEACTIVATED");
}

function pages(till) {
  const codes = new Set();
  const request = { openid: "oSandboxPages000000000000001", page_size: 20 };
  do {
    const page = till.list(request).data;
    for (const coupon of page.user_coupon_list) {
      assert(!codes.has(coupon.coupon_code));
      codes.add(coupon.coupon_code);
    }
    request.page_token = page.next_page_token;
  } while (request.page_token);
  assert.equal(codes.size, 25);
}

async function jobs(till) {
  let ticks = 0;
  const clock = setInterval(() => (ticks += 1), 20);
  const answer = await till.async("query", { ...USER, coupon_code: "AUTO_SLOW" });
  clearInterval(clock);
  assert.equal(answer.data.coupon_code, "AUTO_SLOW");
  console.log("job:", ticks > 5 ? "running" : "done at once");
  const missing = till.async("use", { openid: "o" });
  await assert.rejects(missing, (error) => error instanceof wxcoupon.Misuse);

  const job = till.start("query", { ...USER, coupon_code: "AUTO_SLOW" });
  job.cancel();
  try {
    assert.notEqual(job.wait(5000), null);
  } catch (error) {
    // A question that was called off took no effect; one that was answered meanwhile has its answer.
    assert(error instanceof wxcoupon.NotSent, error);
  }
  job.close();
  expect(wxcoupon.Misuse, wxcoupon.E_NULL, () => job.wait());
  expect(wxcoupon.Misuse, wxcoupon.E_OPERATION, () => till.start("不存在", {}));
}

function doubt(till) {
  const number = `NODE_LOST_1_${RUN}`;
  const lost = sale(`AUTO_LOST_NODE_${RUN}`, number, { _options: { timeout_ms: 700 } });
  try {
    till.use(lost);
    console.log("answer: not lost");
  } catch (error) {
    assert(error instanceof wxcoupon.InDoubt && error.status === wxcoupon.E_ANSWER_TIMEOUT, error);
    assert(error.inDoubt && error.cashier);
    assert.deepEqual(till.pending().data.requests.map((row) => row.out_request_no), [number]);
    console.log("answer: lost, and settled");
  }
  assert.equal(till.settle().data.pending, 0);
  assert.equal(till.settle({ out_request_no: number }).data.coupon_state, "USED");
}

function everythingElse(till) {
  const echo = till.request("POST", "/v3/security/echo", { echo_message: "收银台：谢谢惠顾" });
  assert.equal(echo.data.echo_message, "收银台：谢谢惠顾");
  assert.equal(till.call("query", { ...USER, coupon_code: "AUTO_CALL" }).data.coupon_state, "EFFECTIVE");
  assert(till.warm().ok);
  assert(till.stats().data.calls.some((call) => call.operation === "warm"));
  assert(till.stats({ format: "prometheus" }).data.text.startsWith("# HELP "));
  for (const online of [false, true]) {
    const wrong = till.check(online).data.lines.filter((line) => !line.ok);
    // A configuration that names no file for the journal is pointed out.
    assert(wrong.every((line) => line.name === "journal"), wrong);
  }
  const forged = Buffer.from("{\0伪造}");
  const untrusted = () => till.openNotification({ "Wechatpay-Serial": "0" }, forged);
  const error = expect(wxcoupon.Refused, wxcoupon.E_NOTIFICATION_UNTRUSTED, untrusted);
  assert(error.answer.reply.status >= 400);
}

function notified(till, folder) {
  const headers = JSON.parse(fs.readFileSync(path.join(folder, "headers.json"), "utf8"));
  const body = fs.readFileSync(path.join(folder, "body"));
  const opened = till.openNotification(headers, body);
  assert.equal(opened.data.resource.coupon_code, "NOTIFIED_1");
  assert.equal(opened.data.resource.brand_name, "咖啡店");
  const longer = () => till.openNotification(headers, Buffer.concat([body, Buffer.from(" ")]));
  expect(wxcoupon.Refused, wxcoupon.E_NOTIFICATION_UNTRUSTED, longer);
}

function misuse(config) {
  expect(wxcoupon.Misuse, wxcoupon.E_JSON, () => new wxcoupon.Context("not json"));
  assert(expect(wxcoupon.Local, wxcoupon.E_CONFIG, () => new wxcoupon.Context({ mchid: "1" })).cashier);
  const till = new wxcoupon.Context(config);
  assert(expect(wxcoupon.Misuse, wxcoupon.E_REQUEST, () => till.use({ openid: "o" })).field);
  assert.throws(() => till.use('{"openid":\0"o"}'), TypeError);
  till.update(config);
  till.close();
  expect(wxcoupon.Misuse, wxcoupon.E_NULL, () => till.query({}));
  expect(wxcoupon.Misuse, wxcoupon.E_NULL, () => till.close());
}

async function main(file, folder) {
  assert.equal(wxcoupon.version(), require("wxcoupon/package.json").version);
  assert.equal(wxcoupon.abiVersion(), wxcoupon.ABI_VERSION);
  assert(wxcoupon.statusClass(4001) === wxcoupon.CLASS_IN_DOUBT && wxcoupon.statusText(4001));
  const config = fs.readFileSync(file, "utf8");
  const lines = [];
  wxcoupon.logTo((_, message) => lines.push(message), wxcoupon.LOG_INFO);
  const till = new wxcoupon.Context(config);
  for (const step of [redeem, send, pages, jobs, doubt, everythingElse]) {
    await step(till);
  }
  if (folder) {
    notified(till, folder);
  }
  till.close();
  assert(lines.some((line) => line.includes("use")), lines.join("\n"));
  wxcoupon.logTo(null);
  misuse(config);
  assert.equal(wxcoupon.handlesLive(), 0);
  console.log("all done");
}

main(...process.argv.slice(2)).catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
