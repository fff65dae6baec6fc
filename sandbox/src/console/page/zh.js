// 中文。

import { zhMore } from './zh-more.js';

export const zh = {
  ...zhMore,
  brand: '微信支付沙箱', simulator: '模拟环境', skip: '跳到正文', nav: '页面', copy: '复制', copied: '已复制', cancel: '取消', close: '关闭', save: '保存',
  live: '实时', 'not.live': '与沙箱的连接已断开', ticker: '最近请求',
  'bar.clock': '业务时间', 'bar.used': '已核销', 'bar.returned': '已退回', 'bar.armed': '待触发故障',
  'nav.coupons': '券', 'nav.phone': '手机', 'nav.faults': '故障', 'nav.log': '日志', 'nav.truth': '对账', 'nav.setup': '接入', 'nav.record': '录制',

  'coupons.lead': '沙箱里的全部商品券。可直接从屏幕扫码，也可随时修改其状态。',
  'coupons.owner': '用户', 'coupons.state': '状态', 'coupons.search': '搜索券码或名称', 'coupons.all.states': '全部状态', 'coupons.all.owners': '全部用户',
  'coupons.count': '共 {n} 张', 'coupons.count.shown': '共 {n} 张，显示 {shown} 张，其余可搜索', 'coupons.none': '没有符合条件的券。', 'coupons.qr': '{code} 的二维码', 'coupons.bars': '{code} 的条形码（Code 128）',
  'coupons.worth': '优惠', 'coupons.stores': '门店', 'coupons.hours': '时段', 'coupons.anyone': '不限用户', 'coupons.number': '核销单号', 'coupons.acts': '对 {code} 的操作',
  'state.EFFECTIVE': '可用', 'state.USED': '已核销', 'state.PENDING': '未生效', 'state.CONFIRMING': '待确认', 'state.EXPIRED': '已过期', 'state.DELETED': '已删除', 'state.DEACTIVATED': '已失效', 'state.locked': '锁定中',
  'family.busifavor': '商家券', 'coupons.stock': '批次', 'worth.over': '满 {price}', 'worth.any': '无门槛', 'worth.NORMAL': '{over}，减 {off}', 'worth.DISCOUNT': '{over}，打 {fold} 折', 'worth.EXCHANGE': '{over}，{price} 换购',
  'stores.NONE': '不限', 'stores.ALL': '全部门店（须传 store_id）', 'stores.SPECIFIC': '仅限 {list}',
  'hours.always': '全天', 'hours.never': '当前时段不可用',
  'day.MONDAY': '周一', 'day.TUESDAY': '周二', 'day.WEDNESDAY': '周三', 'day.THURSDAY': '周四', 'day.FRIDAY': '周五', 'day.SATURDAY': '周六', 'day.SUNDAY': '周日', 'day.all': '每天', 'day.joint': '、',
  'valid.left': '还剩 {span}', 'valid.begins': '{span}后生效', 'valid.ended': '已过期 {span}',
  'span.s': '{n} 秒', 'span.m': '{n} 分钟', 'span.h': '{n} 小时', 'span.d': '{n} 天', 'step.one.s': '1 秒', 'step.one.m': '1 分钟', 'step.one.h': '1 小时', 'step.one.d': '1 天',
  'act.expire': '过期', 'act.lock': '锁定', 'act.unlock': '解锁', 'act.delete': '用户删除', 'act.redeem_elsewhere': '他处核销', 'act.return': '退回', 'act.other_store': '限其他门店', 'act.any_store': '不限门店', 'act.renew': '恢复可用',
  'act.expire.why': '有效期一秒前结束：268578776', 'act.lock.why': '正被其他请求核销：272756746', 'act.unlock.why': '不再有其他核销进行中', 'act.delete.why': '用户在微信里删除：272756769',
  'act.redeem_elsewhere.why': '被另一台收银机核销：272756745', 'act.return.why': '由另一台收银机退回', 'act.other_store.why': '只有别的门店可核销：268584404', 'act.any_store.why': '不再限制门店', 'act.renew.why': '可用、未锁定、30 天有效、不限门店',
  'act.expire.done': '{code} 已过期', 'act.lock.done': '{code} 已锁定', 'act.unlock.done': '{code} 已解锁', 'act.delete.done': '用户已删除 {code}', 'act.redeem_elsewhere.done': '{code} 已在他处核销', 'act.return.done': '{code} 已退回', 'act.other_store.done': '{code} 现在只限其他门店', 'act.any_store.done': '{code} 不限门店', 'act.renew.done': '{code} 已恢复可用',

  'offer.new': '新建券', 'offer.lead': '沙箱会像品牌方一样创建商品券和批次，并发放、确认，用户立即可用。',
  'offer.kind': '类型', 'kind.NORMAL': '满减', 'kind.DISCOUNT': '折扣', 'kind.EXCHANGE': '兑换',
  'offer.threshold': '满（元）', 'offer.threshold.hint': '0 为无门槛', 'offer.off': '减（元）', 'offer.fold': '打几折', 'offer.fold.hint': '8 即八折', 'offer.price': '换购价（元）',
  'offer.begins': '几天后生效', 'offer.begins.hint': '0 为立即', 'offer.valid': '有效天数', 'offer.valid.hint': '1 至 365', 'offer.days': '可用日', 'offer.from': '开始', 'offer.to': '结束', 'offer.code': '券码', 'offer.code.hint': '不填则为 20 位数字', 'offer.make': '创建', 'offer.made': '{code} 已放入卡包',
  'offer.bad.amount': '{label}：请填写金额，如 50 或 9.90', 'offer.bad.number': '{label}：请填写整数', 'offer.bad.fold': '打几折：请填写大于 0、小于 10 的数，至多一位小数', 'offer.bad.time': '{label}：请填写时间', 'offer.bad.days': '请至少选择一天',

  'phone.lead': '顾客出示给扫码枪的画面，可用真实扫码枪对着屏幕扫。', 'phone.user': '顾客', 'phone.wallet': '卡包', 'phone.coupon': '商品券', 'phone.coupons': '全部券', 'phone.payment': '付款码',
  'phone.every.minute': '每分钟更新。', 'phone.bars': '付款码的条形码', 'phone.qr': '二维码', 'phone.note': '付款码是虚构的：符合收银机校验的格式（18 位数字，10 至 15 开头），但付不了款。',

  'faults.lead': '接下来会出什么错。每个请求最多触发一个故障：最早设置且条件相符的那个。', 'faults.clear': '全部清除', 'faults.cleared': '已清除', 'faults.presets': '常用', 'faults.now': '当前', 'faults.own': '自定义', 'faults.none': '没有设置故障，一切正常。',
  'faults.armed': '已设置：{what}', 'faults.end': '清除', 'faults.fired': '已触发 {n} / {of}', 'faults.any': '任意接口', 'faults.host': '主机 {n}', 'faults.both': '任意主机', 'faults.skip.n': '放过前 {n} 次', 'faults.effect': '请求生效', 'faults.no.effect': '请求不生效', 'faults.usual': '按该故障的默认', 'sign.with.auto': '按请求指定', 'sign.with.certificate': '平台证书', 'sign.with.public-key': '微信支付公钥', 'sign.with.mixed': '平台证书与公钥混用', 'faults.bad.value': '{label}：请填写数字、true、false 或 JSON', 'faults.signs': '应答签名方：{key}',
  'faults.kind': '发生什么', 'faults.on': '针对接口', 'faults.times': '次数', 'faults.times.hint': '留空则直到清除', 'faults.coupon': '仅限券码', 'faults.coupon.hint': '券码开头即可', 'faults.more': '更多条件', 'faults.where': '主机', 'faults.skip': '放过前几次', 'faults.percent': '概率（%）', 'faults.processed': '请求是否生效', 'faults.arm': '设置故障',
  'lamp.armed': '待触发', 'lamp.fired': '已触发', 'lamp.spent': '已用完',
  'preset.lost_answer': '应答丢失', 'preset.lost_answer.why': '下一次核销生效，随后断线。', 'preset.line_down': '断网', 'preset.line_down.why': '两个端口都关闭，直到清除。', 'preset.slow': '缓慢', 'preset.slow.why': '接下来三次应答各迟 6 秒。', 'preset.rate_limited': '429', 'preset.rate_limited.why': '连续三次：频率超限，2 秒后再试。',
  'preset.captive_portal': 'Wi-Fi 认证页', 'preset.captive_portal.why': '所有应答都变成 Wi-Fi 登录页。', 'preset.wrong_clock': '时钟错误', 'preset.wrong_clock.why': '服务器快 8 小时，正常请求得到 401。', 'preset.key_change': '更换密钥', 'preset.key_change.why': '此后一律由新的平台证书签名。',
  'group.lost': '应答丢失', 'group.line': '线路故障', 'group.slow': '响应缓慢', 'group.no': '微信支付拒绝', 'group.sign': '签名错误', 'group.time': '时间错误', 'group.content': '内容异常', 'group.other': '其他',

  'log.lead': '请求实时到达。点开可看全部内容，以及验签为何通过或失败。', 'log.off': '日志已关闭（--log-capacity 0）。', 'log.search': '搜索', 'log.only': '筛选', 'log.pause': '暂停', 'log.count': '共 {n} 条', 'log.count.of': '{n} 条（在最近 {kept} 条中，共 {all} 条）', 'log.shown': '，显示最近 {n} 条', 'log.none': '还没有请求。请让收银程序连接本沙箱。', 'log.no.answer': '无应答', 'log.effect': '生效', 'log.duplicate': '重复', 'log.connection': '连接', 'log.open': '{time} 的请求 {seq}',
  'only.all': '全部', 'only.errors': '失败', 'only.unsigned': '验签失败', 'only.faults': '触发故障', 'only.effects': '已生效',
  'column.time': '时间', 'column.till': '收银机', 'column.operation': '接口', 'column.about': '券码与单号', 'column.status': '状态', 'column.fault': '故障', 'column.effect': '结果', 'column.number': '单号', 'column.coupon': '券码', 'column.happened': '实际发生', 'column.told': '调用方得知', 'column.verdict': '结论',

  'truth.lead': '左边是真实发生的，右边是调用方以为的；不一致为红色。', 'truth.only': '只看', 'truth.once': '核销 {n} 次，每个单号至多一次。', 'truth.twice': '有 {n} 个单号生效了不止一次！', 'truth.none': '还没有发生任何事。', 'truth.how': '控制台如何知道调用方得知了什么',
  'truth.journal.how': '来自 wxcoupon 收银程序的流水文件，只读，绝不触碰：', 'truth.post.how': '或由任意程序自行上报。told 取 done、not_done、in_doubt 或 undone；可附 operation、coupon_code、status、message、till、time：',
  'journal.absent': '还没有流水文件：收银程序启动后会创建。', 'journal.none': '未读取流水文件；未上报的一律为未知。', 'journal.read': '流水文件：{rows} 个请求。', 'journal.failed': '流水文件无法读取：{issue}',
  'verdict.agrees': '一致', 'verdict.differs': '不一致', 'verdict.open': '存疑', 'verdict.unknown': '未知',
  'effect.used': '已核销', 'effect.returned': '已退回', 'effect.sent': '已发放', 'effect.pre_sent': '已生成 token', 'effect.confirmed': '已确认', 'effect.deactivated': '已失效', 'effect.created': '已创建', 'effect.updated': '已修改', 'effect.nothing': '未发生', 'effect.undone': '后已退回',
  'told.done': '成功', 'told.not_done': '未成功', 'told.in_doubt': '存疑', 'told.undone': '已作废', 'told.unknown': '未知', 'source.journal': '流水文件', 'source.posted': '上报', 'source.console': '控制台',
};
