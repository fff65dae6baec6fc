//! Images, image tasks, and the address for notifications.

use super::super::Combination::NeedsWhen;
use super::super::Expected::SaysSomething;
use super::super::Place::{File, Meta, Path, Query};
use super::super::Presence::{Optional, Required};
use super::super::Rule::{ImageName, Name, Object, OneOf, Text, Url};
use super::super::{Operation, Recovery, Rule};
use super::product::{SCOPES, TYPES};
use super::shapes::{DISCOUNT, EXCHANGE, NORMAL};
use super::{BRAND_ID, BRAND_ID_ASKED, body, echoes, member};

/// 图片上传: `multipart/form-data`, of which only the part `meta` is signed.
///
/// `file` names a JPG or PNG file on this machine, at most 2 MB. The address is in the answer's `image_url`
/// (official sample) or `media_url` (third-party mirror).
pub static UPLOAD_IMAGE: Operation = Operation {
    unknown: Meta,
    recovery: Recovery::Idempotent,
    proofs: &[SaysSomething { at: &["/image_url", "/media_url"] }],
    ..Operation::post(
        "upload_image",
        "图片上传",
        "/media/upload-image",
        "4015781275 (2025-08-04)",
        &[member("file", File, Required, Text), member("filename", Meta, Optional, ImageName)],
    )
};

/// 设置商品券事件通知地址: one for all brands of a service provider.
pub(super) static SET_NOTIFY_CONFIG: Operation = Operation {
    recovery: Recovery::Idempotent,
    proofs: &[echoes("notify_url", "/notify_url")],
    ..Operation::post(
        "set_notify_config",
        "设置商品券事件通知地址",
        "/notify-configs",
        "4016435719 (2025-08-04)",
        &[body("notify_url", Required, Url(256))],
    )
};

/// 获取商品券事件通知地址
pub(super) static GET_NOTIFY_CONFIG: Operation = Operation::get(
    "get_notify_config",
    "获取商品券事件通知地址",
    "/notify-configs",
    "4016435718 (2025-08-04)",
    &[],
);

const COMBINE_IMAGE: Rule = Object(
    &[
        body("scope", Required, SCOPES),
        body("type", Required, TYPES),
        body("usage_mode", Required, OneOf(&["SINGLE", "PROGRESSIVE_BUNDLE"])),
        body("normal_coupon", Optional, NORMAL),
        body("discount_coupon", Optional, DISCOUNT),
        body("exchange_coupon", Optional, EXCHANGE),
        body("background_color", Optional, Text),
    ],
    &[],
);

const TASKS: Rule = OneOf(&["COMBINE_IMAGE", "CUT_OUT"]);

/// 提交图片生成任务. The caller assigns `task_id`. Whether WeChat Pay recognises a repeat by it is not documented, but a second
/// image does no harm.
pub(super) static SUBMIT_TASK: Operation = Operation {
    recovery: Recovery::Idempotent,
    combinations: &[
        NeedsWhen { member: "image_generation_type", is: "COMBINE_IMAGE", at: "/combine_image" },
        NeedsWhen { member: "image_generation_type", is: "CUT_OUT", at: "/cut_out" },
    ],
    proofs: &[echoes("task_id", "/task_id")],
    ..Operation::post(
        "submit_image_task",
        "提交图片生成任务",
        "/image-generation-tasks",
        "4017327752 (2026-01-26)",
        &[
            BRAND_ID,
            body("task_id", Required, Name),
            body("image_generation_type", Required, TASKS),
            body("combine_image", Optional, COMBINE_IMAGE),
            body("cut_out", Optional, Object(&[body("image_url", Required, Text)], &[])),
        ],
    )
};

/// 查询图片生成任务执行结果
pub(super) static GET_TASK: Operation = Operation {
    proofs: &[echoes("task_id", "/task_id")],
    ..Operation::get(
        "get_image_task",
        "查询图片生成任务执行结果",
        "/image-generation-tasks/{task_id}",
        "4017327753 (2026-01-26)",
        &[
            member("task_id", Path, Required, Name),
            BRAND_ID_ASKED,
            member("image_generation_type", Query, Required, TASKS),
        ],
    )
};
