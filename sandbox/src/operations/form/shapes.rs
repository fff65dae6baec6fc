//! The bodies of the operations of management, as tables.
//!
//! Limits are the documented ones; where none is, a generous one stands in.

use super::schema::Form::{List, Number, Object, OneOf, Text, Time};
use super::schema::{Form, Member, image, may, must};

/// Texts without a documented limit.
const ANY: Form = Text(1, 1024);
const ID: Form = Text(1, 40);
/// Amounts in fen.
const FEN: Form = Number(0, 10_000_000_000);
const MAX_COUNT: Form = Number(1, 100_000_000);

const NORMAL: Form = Object(&[must("threshold", FEN), must("discount_amount", Number(1, 10_000_000_000))]);
const DISCOUNT: Form = Object(&[must("threshold", FEN), must("percent_off", Number(1, 99))]);
const EXCHANGE: Form = Object(&[must("threshold", FEN), must("exchange_price", FEN)]);

const PERIOD: Form = Object(&[
    must("available_begin_time", Time),
    must("available_end_time", Time),
    may("available_days", Number(1, 365)),
    may("wait_days_after_receive", Number(0, 30)),
    may("available_seconds", Number(1, 31_536_000)),
    may("weekly_available_period", Object(WEEKLY)),
    may("irregular_available_period_list", List(2, &IRREGULAR)),
]);
const WEEKLY: &[Member] = &[may("day_list", List(7, &DAY)), may("day_period_list", List(48, &DAY_PERIOD))];
const DAY: Form = OneOf(&["MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY"]);
const DAY_PERIOD: Form =
    Object(&[must("begin_time", Number(0, 86_399)), must("end_time", Number(0, 86_399))]);
const IRREGULAR: Form = Object(&[must("begin_time", Time), must("end_time", Time)]);

const SINGLE_RULE: Form = Object(&[
    must("coupon_available_period", PERIOD),
    may("normal_coupon", NORMAL),
    may("discount_coupon", DISCOUNT),
    may("exchange_coupon", EXCHANGE),
]);
const BUNDLE_RULE: Form = Object(&[
    must("coupon_available_period", PERIOD),
    may("normal_coupon_list", List(15, &NORMAL)),
    may("discount_coupon_list", List(15, &DISCOUNT)),
    may("exchange_coupon_list", List(15, &EXCHANGE)),
]);

const USAGE_DISPLAY: Form = Object(&[
    must("coupon_usage_method_list", List(4, &OneOf(&["OFFLINE", "MINI_PROGRAM", "APP", "PAYMENT_CODE"]))),
    may("mini_program_appid", ANY),
    may("mini_program_path", ANY),
    may("app_path", ANY),
    must("usage_description", Text(1, 1000)),
    may("coupon_available_store_info", Object(STORE_INFO)),
    may("app_jump_type", OneOf(&["H5", "PASSCODE_LINK", "USAGE_GUIDE"])),
    may("passcode_link", ANY),
]);
const STORE_INFO: &[Member] =
    &[must("description", Text(1, 1000)), may("mini_program_appid", ANY), may("mini_program_path", ANY)];

const COUPON_DISPLAY: Form = Object(&[
    must("code_display_mode", OneOf(&["INVISIBLE", "BARCODE", "QRCODE"])),
    may("background_color", OneOf(COLOURS)),
    may("entrance_mini_program", Object(ENTRANCE)),
    may("entrance_official_account", Object(&[must("appid", ANY)])),
    may("entrance_finder", Object(FINDER)),
]);
const COLOURS: &[&str] = &[
    "Color010", "Color020", "Color030", "Color040", "Color050", "Color060", "Color070", "Color080",
    "Color090", "Color100",
];
const ENTRANCE: &[Member] = &[
    must("appid", ANY),
    must("path", ANY),
    must("entrance_wording", Text(1, 5)),
    may("guidance_wording", Text(1, 6)),
];
const FINDER: &[Member] =
    &[must("finder_id", ANY), must("finder_video_id", ANY), must("finder_video_cover_image_url", ANY)];

const REMARK: Form = Text(1, 20);
const NOTIFY: Form = Object(&[may("notify_appid", ANY)]);
const STORE_SCOPE: Form = OneOf(&["NONE", "ALL", "SPECIFIC"]);

const STOCK: Form = Object(&[
    may("remark", REMARK),
    must("coupon_code_mode", OneOf(&["WECHATPAY", "UPLOAD", "API_ASSIGN"])),
    must("stock_send_rule", Object(SEND_RULE)),
    may("single_usage_rule", SINGLE_RULE),
    must("usage_rule_display_info", USAGE_DISPLAY),
    must("coupon_display_info", COUPON_DISPLAY),
    must("notify_config", NOTIFY),
    must("store_scope", STORE_SCOPE),
]);
const SEND_RULE: &[Member] = &[
    must("max_count", MAX_COUNT),
    may("max_count_per_day", MAX_COUNT),
    may("max_count_per_user", Number(1, 100)),
];
const STOCK_BUNDLE: Form = Object(&[
    may("remark", REMARK),
    must("coupon_code_mode", OneOf(&["WECHATPAY", "UPLOAD"])),
    must("stock_send_rule", Object(BUNDLE_SEND_RULE)),
    may("progressive_bundle_usage_rule", BUNDLE_RULE),
    must("usage_rule_display_info", USAGE_DISPLAY),
    must("coupon_display_info", COUPON_DISPLAY),
    must("notify_config", NOTIFY),
    must("store_scope", STORE_SCOPE),
]);
const BUNDLE_SEND_RULE: &[Member] = &[
    must("max_count", MAX_COUNT),
    may("max_count_per_day", MAX_COUNT),
    must("max_count_per_user", Number(1, 100)),
];

const DISPLAY: Form = Object(&[
    must("name", Text(3, 15)),
    image("image_url"),
    image("background_url"),
    may("detail_image_url_list", List(8, &ANY)),
    may("original_price", FEN),
    may("combo_package_list", List(50, &COMBO)),
]);
const COMBO: Form = Object(&[
    must("name", Text(1, 15)),
    must("pick_count", Number(1, 99)),
    must("choice_list", List(99, &CHOICE)),
]);
const CHOICE: Form = Object(&[
    must("name", Text(1, 15)),
    must("price", FEN),
    must("count", Number(1, 99)),
    may("image_url", ANY),
    may("mini_program_appid", ANY),
    may("mini_program_path", ANY),
]);

const SCOPE: Form = OneOf(&["ALL", "SINGLE", "CATEGORY"]);
const TYPE: Form = OneOf(&["NORMAL", "DISCOUNT", "EXCHANGE"]);
const USAGE_MODE: Form = OneOf(&["SINGLE", "PROGRESSIVE_BUNDLE"]);

pub(in crate::operations) const CREATE_PRODUCT_COUPON: &[Member] = &[
    must("scope", SCOPE),
    must("type", TYPE),
    must("usage_mode", USAGE_MODE),
    may("single_usage_info", Object(&[may("normal_coupon", NORMAL), may("discount_coupon", DISCOUNT)])),
    may("progressive_bundle_usage_info", Object(BUNDLE_INFO)),
    must("display_info", DISPLAY),
    may("out_product_no", ID),
    may("stock", STOCK),
    may("stock_bundle", STOCK_BUNDLE),
];
const BUNDLE_INFO: &[Member] = &[must("count", Number(3, 15)), may("interval_days", Number(0, 7))];
pub(in crate::operations) const UPDATE_PRODUCT_COUPON: &[Member] = &[must("display_info", DISPLAY)];
pub(in crate::operations) const DEACTIVATE: &[Member] = &[must("deactivate_reason", Text(1, 150))];

pub(in crate::operations) const CREATE_STOCK: &[Member] = &[must("stock", STOCK)];
pub(in crate::operations) const CREATE_STOCK_BUNDLE: &[Member] = &[must("stock_bundle", STOCK_BUNDLE)];
/// Of a stock or a stock bundle.
pub(in crate::operations) const UPDATE_STOCK: &[Member] = &[
    may("remark", REMARK),
    may("usage_rule_display_info", USAGE_DISPLAY),
    may("coupon_display_info", COUPON_DISPLAY),
    may("notify_config", NOTIFY),
    may("store_scope", STORE_SCOPE),
];
pub(in crate::operations) const UPDATE_BUDGET: &[Member] = &[
    must("update_mode", OneOf(&["MAX_COUNT", "MAX_COUNT_PER_DAY"])),
    may("current_max_count", MAX_COUNT),
    may("target_max_count", MAX_COUNT),
    may("current_max_count_per_day", MAX_COUNT),
    may("target_max_count_per_day", MAX_COUNT),
];
pub(in crate::operations) const UPLOAD_CODES: &[Member] = &[must("code_list", List(200, &ID))];
pub(in crate::operations) const STORES: &[Member] =
    &[must("store_list", List(1000, &Object(&[must("store_id", ID)])))];

pub(in crate::operations) const IMAGE_TASK: &[Member] = &[
    must("image_generation_type", OneOf(IMAGE_TYPES)),
    may("combine_image", Object(COMBINE_IMAGE)),
    may("cut_out", Object(&[must("image_url", ANY)])),
];
pub(in crate::operations) const IMAGE_TYPES: &[&str] = &["COMBINE_IMAGE", "CUT_OUT"];
const COMBINE_IMAGE: &[Member] = &[
    must("scope", SCOPE),
    must("type", TYPE),
    must("usage_mode", USAGE_MODE),
    may("normal_coupon", NORMAL),
    may("discount_coupon", DISCOUNT),
    may("exchange_coupon", EXCHANGE),
    may("background_color", ANY),
];

pub(in crate::operations) const SEND: &[Member] =
    &[may("attach", Text(1, 150)), may("coupon_tag_info", Object(TAG_INFO))];
const TAG_INFO: &[Member] = &[
    may("coupon_tag_list", List(10, &OneOf(&["MEMBER"]))),
    may("member_tag_info", Object(&[must("member_card_id", ANY)])),
];
