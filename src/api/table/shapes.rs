//! Objects that several management interfaces share: rules of use and of sending, and the look of a coupon.
//!
//! Lengths and limits are from the documentation of the same members in answers.

use super::super::Combination::{Apart, Before, Excludes, Needs, WithinAYear};
use super::super::Presence::{Optional, Required};
use super::super::Rule::{Between, Flag, List, Moment, Name, Object, OneOf, Text, TextUpTo, Whole};
use super::super::{Combination, Member, Rule};
use super::body;

/// Second of a day, counted from midnight.
const SECOND_OF_DAY: Rule = Between(0, 86_400);

const SPAN: &[Combination] = &[Before("begin_time", "end_time")];

const SPANS_OF_A_DAY: Rule = List(
    &Object(&[body("begin_time", Required, SECOND_OF_DAY), body("end_time", Required, SECOND_OF_DAY)], SPAN),
    100,
);

const WEEKLY: Rule = Object(
    &[
        body(
            "day_list",
            Optional,
            List(&OneOf(&["MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY"]), 7),
        ),
        body("day_period_list", Optional, SPANS_OF_A_DAY),
    ],
    &[Needs("day_period_list", "day_list"), Apart("day_period_list")],
);

const IRREGULAR: Rule =
    List(&Object(&[body("begin_time", Required, Moment), body("end_time", Required, Moment)], SPAN), 2);

const BEGIN: Member = body("available_begin_time", Required, Moment);
const END: Member = body("available_end_time", Required, Moment);
const WAIT_DAYS: Member = body("wait_days_after_receive", Optional, Between(0, 30));
const WEEKLY_PERIOD: Member = body("weekly_available_period", Optional, WEEKLY);
const IRREGULAR_PERIODS: Member = body("irregular_available_period_list", Optional, IRREGULAR);

/// When a coupon can be used. The rules over several members are those of page doc/brand/4016675772 (2025-11-24).
const AVAILABLE_PERIOD: Rule = Object(
    &[
        BEGIN,
        END,
        body("available_days", Optional, Between(1, 365)),
        WAIT_DAYS,
        WEEKLY_PERIOD,
        IRREGULAR_PERIODS,
        // Official since 2026-05 (change log 4018586607).
        body("available_seconds", Optional, Whole),
    ],
    &[
        Needs("wait_days_after_receive", "available_days"),
        Excludes("irregular_available_period_list", "available_days"),
        Excludes("irregular_available_period_list", "wait_days_after_receive"),
        Excludes("irregular_available_period_list", "weekly_available_period"),
        Before("available_begin_time", "available_end_time"),
        WithinAYear("available_begin_time", "available_end_time"),
        Apart("irregular_available_period_list"),
    ],
);

/// A fixed amount off above a threshold, in fen.
pub(super) const NORMAL: Rule =
    Object(&[body("threshold", Required, Whole), body("discount_amount", Required, Whole)], &[]);
/// A percentage off: 30 means that 70 % are paid.
pub(super) const DISCOUNT: Rule =
    Object(&[body("threshold", Required, Whole), body("percent_off", Required, Between(1, 99))], &[]);
/// A fixed price, in fen.
pub(super) const EXCHANGE: Rule =
    Object(&[body("threshold", Required, Whole), body("exchange_price", Required, Whole)], &[]);

/// Uses of a bundle or of a SEQUENTIAL coupon: at most 15.
const MOST_USES: usize = 15;

const SINGLE_RULE: Rule = Object(
    &[
        body("coupon_available_period", Required, AVAILABLE_PERIOD),
        body("normal_coupon", Optional, NORMAL),
        body("discount_coupon", Optional, DISCOUNT),
        body("exchange_coupon", Optional, EXCHANGE),
    ],
    &[],
);

/// The same in the withdrawn usage mode, whose `available_days` are in `sequential_usage_info`.
const SEQUENTIAL_PERIOD: Rule = Object(
    &[BEGIN, END, WAIT_DAYS, WEEKLY_PERIOD, IRREGULAR_PERIODS],
    &[
        Excludes("irregular_available_period_list", "wait_days_after_receive"),
        Excludes("irregular_available_period_list", "weekly_available_period"),
        Before("available_begin_time", "available_end_time"),
        WithinAYear("available_begin_time", "available_end_time"),
        Apart("irregular_available_period_list"),
    ],
);

/// The withdrawn usage mode.
const SEQUENTIAL_RULE: Rule = Object(
    &[
        body("coupon_available_period", Required, SEQUENTIAL_PERIOD),
        body("normal_coupon_list", Optional, List(&NORMAL, MOST_USES)),
        body("discount_coupon_list", Optional, List(&DISCOUNT, MOST_USES)),
        body("exchange_coupon_list", Optional, List(&EXCHANGE, MOST_USES)),
        body("special_first", Optional, Flag),
    ],
    &[],
);

const BUNDLE_RULE: Rule = Object(
    &[
        body("coupon_available_period", Required, AVAILABLE_PERIOD),
        body("normal_coupon_list", Optional, List(&NORMAL, MOST_USES)),
        body("discount_coupon_list", Optional, List(&DISCOUNT, MOST_USES)),
        body("exchange_coupon_list", Optional, List(&EXCHANGE, MOST_USES)),
    ],
    &[],
);

const STORE_INFO: Rule = Object(
    &[
        body("description", Required, TextUpTo(1000)),
        body("mini_program_appid", Optional, Name),
        body("mini_program_path", Optional, Text),
    ],
    &[],
);

const USAGE_DISPLAY: Rule = Object(
    &[
        body(
            "coupon_usage_method_list",
            Required,
            List(&OneOf(&["OFFLINE", "MINI_PROGRAM", "APP", "PAYMENT_CODE"]), 100),
        ),
        body("mini_program_appid", Optional, Name),
        body("mini_program_path", Optional, Text),
        body("app_path", Optional, Text),
        body("usage_description", Required, TextUpTo(1000)),
        body("coupon_available_store_info", Optional, STORE_INFO),
        body("app_jump_type", Optional, OneOf(&["H5", "PASSCODE_LINK", "USAGE_GUIDE"])),
        body("passcode_link", Optional, Text),
    ],
    &[],
);

const COLOURS: Rule = OneOf(&[
    "Color010", "Color020", "Color030", "Color040", "Color050", "Color060", "Color070", "Color080",
    "Color090", "Color100",
]);

/// The skeletons differ about `guidance_wording`: required in some, optional when a product coupon is made.
const MINI_PROGRAM: Rule = Object(
    &[
        body("appid", Required, Name),
        body("path", Required, Text),
        body("entrance_wording", Required, TextUpTo(5)),
        body("guidance_wording", Optional, TextUpTo(6)),
    ],
    &[],
);

const FINDER: Rule = Object(
    &[
        body("finder_id", Required, Name),
        body("finder_video_id", Required, Name),
        body("finder_video_cover_image_url", Required, Text),
    ],
    &[],
);

/// `code_display_mode` is required in one skeleton only: left to WeChat Pay.
const COUPON_DISPLAY: Rule = Object(
    &[
        body("code_display_mode", Optional, OneOf(&["INVISIBLE", "BARCODE", "QRCODE"])),
        body("background_color", Optional, COLOURS),
        body("entrance_mini_program", Optional, MINI_PROGRAM),
        body("entrance_official_account", Optional, Object(&[body("appid", Required, Name)], &[])),
        body("entrance_finder", Optional, FINDER),
    ],
    &[],
);

const SEND_RULE: Rule = Object(
    &[
        body("max_count", Required, Between(1, 100_000_000)),
        body("max_count_per_day", Optional, Between(1, 100_000_000)),
        // Required in some skeletons, optional in others.
        body("max_count_per_user", Optional, Between(1, 100)),
    ],
    &[],
);

const REMARK: Member = body("remark", Optional, TextUpTo(20));
const NOTIFY: Rule = Object(&[body("notify_appid", Optional, Name)], &[]);
const SCOPES: Rule = OneOf(&["NONE", "ALL", "SPECIFIC"]);

/// What can be changed in an existing stock or bundle of stocks.
pub(super) const REMARK_ANEW: Member = REMARK;
/// As above.
pub(super) const USAGE_DISPLAY_ANEW: Member = body("usage_rule_display_info", Optional, USAGE_DISPLAY);
/// As above.
pub(super) const COUPON_DISPLAY_ANEW: Member = body("coupon_display_info", Optional, COUPON_DISPLAY);
/// As above.
pub(super) const NOTIFY_ANEW: Member = body("notify_config", Optional, NOTIFY);
/// As above.
pub(super) const SCOPE_ANEW: Member = body("store_scope", Optional, SCOPES);

/// A new stock.
pub(super) const STOCK: Rule = Object(
    &[
        REMARK,
        body("coupon_code_mode", Required, OneOf(&["WECHATPAY", "UPLOAD", "API_ASSIGN"])),
        body("stock_send_rule", Required, SEND_RULE),
        body("single_usage_rule", Optional, SINGLE_RULE),
        body("sequential_usage_rule", Optional, SEQUENTIAL_RULE),
        body("usage_rule_display_info", Required, USAGE_DISPLAY),
        body("coupon_display_info", Required, COUPON_DISPLAY),
        body("notify_config", Required, NOTIFY),
        body("store_scope", Required, SCOPES),
    ],
    &[],
);

/// A new bundle of stocks. The caller never assigns its codes.
pub(super) const STOCK_BUNDLE: Rule = Object(
    &[
        REMARK,
        body("coupon_code_mode", Required, OneOf(&["WECHATPAY", "UPLOAD"])),
        body("stock_send_rule", Required, SEND_RULE),
        body("progressive_bundle_usage_rule", Optional, BUNDLE_RULE),
        body("usage_rule_display_info", Required, USAGE_DISPLAY),
        body("coupon_display_info", Required, COUPON_DISPLAY),
        body("notify_config", Required, NOTIFY),
        body("store_scope", Required, SCOPES),
    ],
    &[],
);

const CHOICE: Rule = Object(
    &[
        body("name", Required, TextUpTo(15)),
        body("price", Required, Whole),
        body("count", Required, Between(1, 99)),
        body("image_url", Optional, Text),
        body("mini_program_appid", Optional, Name),
        body("mini_program_path", Optional, Text),
    ],
    &[],
);

const PACKAGE: Rule = Object(
    &[
        body("name", Required, TextUpTo(15)),
        body("pick_count", Required, Whole),
        body("choice_list", Required, List(&CHOICE, 99)),
    ],
    &[],
);

/// The look of a product coupon.
pub(super) const PRODUCT_DISPLAY: Rule = Object(
    &[
        body("name", Required, Rule::Length(3, 15)),
        body("image_url", Required, Text),
        body("background_url", Required, Text),
        body("detail_image_url_list", Optional, List(&Text, 8)),
        body("original_price", Optional, Whole),
        body("combo_package_list", Optional, List(&PACKAGE, 50)),
    ],
    &[],
);
